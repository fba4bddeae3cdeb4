"""Notices that a model has got other layers or variables, without asking each of them."""

from cpython.dict cimport PyDict_GetItem, PyDict_Next
from cpython.list cimport PyList_CheckExact, PyList_GET_ITEM, PyList_GET_SIZE
from cpython.object cimport Py_TYPE, PyObject
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE

cdef extern from "Python.h":
    dict PyObject_GenericGetDict(object o, void* context)


cdef class Watch:
    """What some attributes held when they were looked at.

    The first object is given anew for each question, for it owns the watch; the others are kept.
    """

    def __cinit__(self):
        self.owners = []
        self.names = []
        self.held = []
        self.types = []

    def attributes(self, owner, values, kept):
        """Watches all attributes of an object.

        Args:
            owner: the object; None: that which is asked about.
            values: the attributes' values.
            kept: for each value, whether another one of its type is a change.
        """
        self.owners.append(owner)
        self.names.append(None)
        self.held.append(tuple([v if keep else None for v, keep in zip(values, kept)]))
        self.types.append(tuple([type(v) for v in values]))

    def elements(self, owner, name, values):
        """Watches the list that an attribute of an object holds."""
        self.owners.append(owner)
        self.names.append(name)
        self.held.append(tuple(values))
        self.types.append(None)

    cdef bint changed(self, object root) except -1:
        cdef Py_ssize_t at
        cdef dict attributes
        cdef PyObject* elements
        for at in range(PyList_GET_SIZE(self.owners)):
            owner = <object>PyList_GET_ITEM(self.owners, at)
            attributes = PyObject_GenericGetDict(root if owner is None else owner, NULL)
            name = <object>PyList_GET_ITEM(self.names, at)
            held = <tuple>PyList_GET_ITEM(self.held, at)
            if name is None:
                if _other_attributes(attributes, held, <tuple>PyList_GET_ITEM(self.types, at)):
                    return True
                continue
            elements = PyDict_GetItem(attributes, name)
            if elements == NULL or _other_elements(<object>elements, held):
                return True
        return False

    def changedIn(self, root) -> bool:
        """Whether something that is watched is another than it was."""
        return self.changed(root)


cdef bint _other_attributes(dict attributes, tuple held, tuple types) noexcept:
    cdef Py_ssize_t place = 0
    cdef Py_ssize_t i = 0
    cdef PyObject* value
    cdef PyObject* before
    while PyDict_Next(attributes, &place, NULL, &value):
        if i >= PyTuple_GET_SIZE(held) or <PyObject*>Py_TYPE(<object>value) != <PyObject*>PyTuple_GET_ITEM(types, i):
            return True
        before = <PyObject*>PyTuple_GET_ITEM(held, i)
        if before != <PyObject*>None and before != value:
            return True
        i += 1
    return i != PyTuple_GET_SIZE(held)


cdef bint _other_elements(object elements, tuple held) noexcept:
    cdef Py_ssize_t i
    if not PyList_CheckExact(elements) or PyList_GET_SIZE(<list>elements) != PyTuple_GET_SIZE(held):
        return True
    for i in range(PyTuple_GET_SIZE(held)):
        if PyList_GET_ITEM(<list>elements, i) is not PyTuple_GET_ITEM(held, i):
            return True
    return False
