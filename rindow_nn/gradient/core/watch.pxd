"""Notices that a model has got other layers or variables."""


cdef class Watch:
    cdef list owners                  # None: the object that is asked about
    cdef list names                   # of an attribute that holds a list; None: all attributes
    cdef list held                    # tuples: elements of the list, or values of all attributes; None: any of its type
    cdef list types                   # tuples of the types of all attributes
    cdef bint changed(self, object root) except -1
