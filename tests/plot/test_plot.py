"""Plot, Figure and Axes: what they accept, what they refuse, and what they put on the canvas."""

import itertools

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from rindow_math.exceptions import DomainException, InvalidArgumentException, LogicException, RuntimeException
from rindow_math.plot import Plot
from rindow_math.plot.artist import Bar, Image, Legend, Line2D, Marker, Wedge
from rindow_math.plot.renderer import MatplotlibDriver
from rindow_math.plot.renderer.colors import to_rgba
from rindow_math.plot.system import Axes, CmapManager, Colormap, Configure, Figure
from rindow_math.plot.system.colormap import COLORMAPS


class Recorder(MatplotlibDriver):
    """Keeps the canvases instead of showing them."""

    def __init__(self):
        super().__init__()
        self.shown = []

    def show(self, filename=None):
        self.canvas.draw_without_rendering()
        self.shown.append(self.canvas)

    def cleanUp(self):
        pass


class NumpyOperator:
    def array(self, values):
        return np.asarray(values)


class Variable:
    """Something that holds its array as gradient variables do."""

    def __init__(self, array):
        self._array = array

    def value(self):
        return self._array


@pytest.fixture
def plt():
    return Plot(None, NumpyOperator(), Recorder())


def drawn(plt, figure=0):
    """matplotlib's axes of the figure after show()."""
    plt.show()
    return plt.getRenderer().shown[figure].axes


# --- figures and axes ---


def test_figures_are_numbered_and_found_again(plt):
    first = plt.figure()
    second = plt.figure("new", [465, 480])
    assert [first.num(), second.num()] == [0, 1]
    assert plt.currentFigure() is second
    assert plt.figure(0) is first
    assert plt.currentFigure() is first
    assert first.getFigSize() == [640, 480]
    assert second.getFigSize() == [465, 480]
    assert plt.figure().num() == 2
    with pytest.raises(InvalidArgumentException, match="Figure #7 is not found"):
        plt.figure(7)
    for wrong in (1.5, True, []):
        with pytest.raises(InvalidArgumentException, match="First argument must be integer or string"):
            plt.figure(wrong)


def test_show_forgets_the_figures(plt):
    plt.plot([1, 2])
    plt.show()
    with pytest.raises(InvalidArgumentException, match="no figure"):
        plt.currentFigure()
    assert plt.figure().num() == 0


def test_subplots_divide_the_area_between_the_margins(plt):
    figure, axes = plt.subplots(2, 3)
    assert isinstance(figure, Figure)
    assert figure.getAxes() == axes
    assert figure.calcPlotArea() == [80, 55, 496, 365]
    # 496 = w (1 + 2 * 1.25), 365 = h (1 + 1.25), whole pixels; rows from the top
    assert [a.getPlotArea() for a in axes] == [
        [80, 257, 141, 162],
        [256, 257, 141, 162],
        [432, 257, 141, 162],
        [80, 55, 141, 162],
        [256, 55, 141, 162],
        [432, 55, 141, 162],
    ]


def test_spans_cover_the_cells_and_the_space_between(plt):
    figure = plt.figure()
    wide = figure.addSubPlot(2, 2, 0, colspan=2)
    small = figure.addSubPlot(2, 2, 3)
    tall = figure.addSubPlot(2, 2, 0, rowspan=2)
    left, bottom, width, height = small.getPlotArea()
    assert wide.getPlotArea()[0] == 80
    assert wide.getPlotArea()[0] + wide.getPlotArea()[2] == pytest.approx(left + width, abs=1)
    assert wide.getPlotArea()[3] == height
    assert tall.getPlotArea()[1] == bottom
    assert tall.getPlotArea()[3] == pytest.approx(365, abs=2)


@pytest.mark.parametrize(
    "arguments", [(2, 2, 4), (2, 2, -1), (0, 1, 0), (2, 2, 1, 1, 2), (2, 2, 2, 2, 1), (2, 2, 0, 0, 1)]
)
def test_places_outside_the_grid_are_refused(plt, arguments):
    figure = plt.figure()
    with pytest.raises(InvalidArgumentException, match="grid"):
        figure.addSubPlot(*arguments)


def test_figures_that_are_too_small_say_so(plt):
    with pytest.raises(InvalidArgumentException, match="Not enough the plot area width"):
        plt.subplots(1, 1, [100, 480])
    with pytest.raises(InvalidArgumentException, match="Not enough the plot area height"):
        plt.subplots(1, 1, [640, 100])
    for figsize in ([640], [0, 100], ["a", "b"]):
        with pytest.raises(InvalidArgumentException, match="figsize"):
            plt.figure(None, figsize)
    with pytest.raises(InvalidArgumentException, match="at least one row"):
        plt.subplots(0)


def test_axes_are_found_and_made(plt):
    axes = plt.getAxes()
    assert isinstance(axes, Axes)
    assert plt.getAxes() is axes
    other = plt.subplot(1, 2, 1)
    assert plt.getAxes(0, 1) is other
    assert plt.getAxes() is axes
    for arguments in ((3, 0), (0, 5)):
        with pytest.raises(InvalidArgumentException, match="Figure #"):
            plt.getAxes(*arguments)


def test_axes_can_be_replaced(plt):
    figure, axes = plt.subplots(2)
    figure.setAxes(axes[:1])
    assert figure.getAxes() == axes[:1]
    figure.addAxes(axes[1])
    assert figure.getAxes() == axes
    with pytest.raises(InvalidArgumentException, match="must be Axes"):
        figure.addAxes("axes")
    with pytest.raises(InvalidArgumentException, match="plot area"):
        axes[0].setPlotArea([1, 2])


def test_subplot_needs_a_figure(plt):
    with pytest.raises(InvalidArgumentException, match="no figure"):
        plt.subplot()


def test_names_work_in_any_case_and_unknown_ones_get_suggestions(plt):
    plt.xTicks([0, 1], ["a", "b"])
    axes = plt.getAxes()
    axes.setXtickLabels(["c", "d"])
    assert axes._tickLabels["x"] == ["c", "d"]
    with pytest.raises(AttributeError, match="title"):
        plt.tilte("loss")


# --- lines ---


def test_plot_accepts_any_array_like(plt):
    for values in (
        [1, 4, 9],
        (1, 4, 9),
        np.array([1, 4, 9], np.int8),
        Variable(np.array([1.0, 4, 9])),
        range(1, 10, 4),
    ):
        (line,) = plt.plot(values)
        assert isinstance(line, Line2D)
        np.testing.assert_array_equal(line.getDataX(), [0, 1, 2])
    np.testing.assert_array_equal(line.getDataY(), [1, 5, 9])


def test_plot_keeps_the_data_of_the_moment(plt):
    values = np.array([1.0, 2.0])
    (line,) = plt.plot(values)
    values[:] = 0
    np.testing.assert_array_equal(line.getDataY(), [1, 2])
    pixels = np.zeros((1, 1, 3), np.uint8)
    image = plt.imshow(pixels)
    pixels[:] = 9
    assert image.data.max() == 0


def test_columns_are_lines(plt):
    y = np.arange(6.0).reshape(3, 2)
    for lines in (plt.plot([0, 1, 2], y), plt.plot([[0], [1], [2]], y), plt.plot(y)):
        assert [line.getDataY().tolist() for line in lines] == [[0, 2, 4], [1, 3, 5]]
        assert lines[1].getDataX().tolist() == [0, 1, 2]
    pairs = plt.plot(y, y * 2)
    assert [line.getDataX().tolist() for line in pairs] == [[0, 2, 4], [1, 3, 5]]
    shared = plt.plot(y, [7, 8, 9])
    assert [line.getDataY().tolist() for line in shared] == [[7, 8, 9]] * 2


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([1, 2, 3], [1, 2], r"Shape of x and y must be same, got shape \[3\] and shape \[2\]"),
        (np.zeros((3, 2)), np.zeros((3, 4)), "Shape of x and y must be same"),
        (np.zeros((2, 2, 2)), None, "1-D or 2-D, got x of shape"),
        (3.0, None, "1-D or 2-D"),
        ([[1, 2], [3]], None, "x must be an array of numbers"),
        ([1, 2], ["a", "b"], "y must be an array of real numbers"),
        ([1j], None, "real numbers"),
        ("12", None, "not '12'"),
        ({"loss": [1]}, None, "not dict"),
        (None, None, "not None"),
    ],
)
def test_plot_refuses(plt, x, y, message):
    with pytest.raises(InvalidArgumentException, match=message):
        plt.plot(x, y)


def test_format_strings(plt):
    (line,) = plt.plot([1, 2], None, "o-.")
    assert (line.marker, line.style, line.color) == ("dot", "-.", "RoyalBlue")
    (line,) = plt.plot([1, 2], None, "r--")
    assert (line.marker, line.style, line.color) == (None, "-", "red")
    (line,) = plt.plot([1, 2], None, ":kD")
    assert (line.marker, line.style, line.color) == ("diamond", ".", "black")
    (line,) = plt.plot([1, 2], None, "-")
    # a color of its own uses up its turn, as in the original
    assert (line.marker, line.style, line.color) == (None, None, "red")
    with pytest.raises(InvalidArgumentException, match="holds 'p'"):
        plt.plot([1, 2], None, "p--")
    with pytest.raises(InvalidArgumentException, match="marker must be a string"):
        plt.plot([1, 2], None, 5)


def test_lines_on_the_canvas(plt):
    plt.plot([0, 1, 2], [5, 6, 7], "g:o")
    plt.plot([0, 1, 2], [5, 6, 7])
    first, second = drawn(plt)[0].get_lines()
    assert first.get_xdata().tolist() == [0, 1, 2]
    assert first.get_ydata().tolist() == [5, 6, 7]
    assert first.get_color() == (0, 1, 0, 1)
    assert first.get_linewidth() == pytest.approx(1.44)
    assert first.get_markersize() == pytest.approx(5.76)
    assert first.is_dashed()
    assert not second.is_dashed()
    assert second.get_marker() == "None"


def test_frame_does_not_depend_on_style_sheets(plt):
    import matplotlib

    styles = {
        "axes.spines.top": False,
        "xtick.bottom": False,
        "figure.autolayout": True,
        "axes.grid": True,
        "lines.marker": "o",
    }
    plt.plot([0, 1])
    with matplotlib.rc_context(styles):
        axes = drawn(plt)[0]
    assert axes.get_lines()[0].get_marker() == "None"
    assert axes.spines["top"].get_visible()
    assert axes.xaxis.get_ticks_position() == "bottom"
    assert not axes.xaxis.get_gridlines()[0].get_visible()
    assert axes.get_window_extent().bounds == pytest.approx((79, 54, 498, 367), abs=0.01)


def test_sixteen_colors_in_turn(plt):
    lines = plt.plot(np.zeros((2, 18)))
    colors = [line.color for line in lines]
    assert len(set(colors[:16])) == 16
    assert colors[16:] == colors[:2]


def test_every_marker_can_be_drawn(plt):
    characters = ",@o^v1234sh*uetHBO+xD|_"
    for character in characters:
        plt.plot([0, 1], [0, 1], character, "line")
        plt.scatter([0, 1], [1, 0], [100, 200], None, character, "points")
    plt.legend()
    axes = drawn(plt)[0]
    assert len(legend_texts(axes)) == 2 * len(characters)
    looks = {
        (points.get_paths()[0].vertices.tobytes(), points.get_sizes()[0], points.get_facecolor()[0, 3])
        for points in axes.collections
    }
    assert len(looks) == len(characters)


# --- bars ---


def test_bars_on_the_canvas(plt):
    bars = plt.bar(np.array([0.0, 2.0]), [3, -1], 0.5, [1, 1])
    assert [type(bar) for bar in bars] == [Bar]
    rectangles = drawn(plt)[0].patches
    assert [(r.get_x(), r.get_y(), r.get_width(), r.get_height()) for r in rectangles] == [
        (-0.25, 1, 0.5, 3),
        (1.75, 1, 0.5, -1),
    ]


def test_stacked_and_side_by_side(plt):
    heights = [[1, 2], [3, 4]]
    stacked = plt.bar(["a", "b"], heights)
    assert [bar.bottom.tolist() for bar in stacked] == [[0, 0], [1, 3]]
    beside = plt.bar(["a", "b"], heights, None, None, None, "sideBySide")
    assert [bar.left.tolist() for bar in beside] == [pytest.approx([-0.4, 0.6]), pytest.approx([0, 1])]
    assert beside[0].width.tolist() == [0.4, 0.4]
    axes = drawn(plt)[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "b"]
    assert len(axes.patches) == 8


def test_lying_bars(plt):
    stacked = plt.barh([2020, 2021], [[1, 2], [3, 4]], [0.5, 0.25], 10, "years")
    assert [bar.left.tolist() for bar in stacked] == [[10, 10], [11, 13]]
    assert stacked[0].bottom.tolist() == [-0.25, 0.875]
    assert [bar.getLabel() for bar in stacked] == ["years", "years"]
    axes = drawn(plt)[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["2020", "2021"]


@pytest.mark.parametrize("method", ["bar", "barh"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["a"], [1, 2]), "must be same"),
        ((np.zeros((1, 2)), [1]), "first argument must be shape of 1-D"),
        (([[1]], [1]), "first argument must be shape of 1-D"),
        ((["a"], np.zeros((1, 1, 1))), "1-D or 2-D"),
        ((["a"], [1], [[1]]), "must be numeric or 1-D NDArray"),
        ((["a"], [1], [1, 2]), "one for each bar"),
        ((["a"], [1], "wide"), "must be an array of numbers"),
        ((["a"], [1], None, [[1]]), "must be numeric or 1-D NDArray"),
        ((["a"], [1], None, None, None, "pile"), 'style must be "stacked" or "sideBySide"'),
    ],
)
def test_bars_refuse(plt, method, arguments, message):
    with pytest.raises(InvalidArgumentException, match=message):
        getattr(plt, method)(*arguments)
    assert plt.getAxes()._tickLabels == {"x": None, "y": None}


# --- points, pies ---


def test_scatter_on_the_canvas(plt):
    points = plt.scatter([[0, 1], [2, 3]], [[4, 5], [6, 7]], [[16, 0], [100, -1]], "SeaGreen", "s", "maru")
    assert isinstance(points, Marker)
    assert points.getLabel() == "maru"
    assert points.getDataX().tolist() == [0, 1, 2, 3]
    assert points.getDataY().tolist() == [4, 5, 6, 7]
    assert points.getDataSize().tolist() == [16, 0, 100, -1]
    assert plt.scatter([1], [1]).getDataSize() is None
    sized, plain = drawn(plt)[0].collections
    # widths are 3 pixels more than the root; what has no size is not there
    assert sized.get_offsets().tolist() == [[0, 4], [2, 6]]
    assert sized.get_sizes().tolist() == pytest.approx([(7 * 0.72) ** 2, (13 * 0.72) ** 2])
    assert plain.get_sizes().tolist() == pytest.approx([(8 * 0.72) ** 2])
    assert tuple(sized.get_facecolor()[0]) == pytest.approx((46 / 255, 139 / 255, 87 / 255, 1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2], [1]), "Shape of x and y must be same"),
        (([1, 2], [1, 2], [1]), "Shape of size must be same"),
        (([1], [1], None, "nocolor"), "Color name is not found: nocolor"),
        (([1], [1], None, 3), "color must be array or string"),
        (([1], [1], None, None, "?"), "holds '\\?'"),
    ],
)
def test_scatter_refuses(plt, arguments, message):
    with pytest.raises(InvalidArgumentException, match=message):
        plt.scatter(*arguments)


def test_pie_on_the_canvas(plt):
    wedges = plt.pie([1, 1, 2], ["a", "b"], 90, "%1.1f%%", [0, 0.5])
    assert [type(wedge) for wedge in wedges] == [Wedge] * 3
    assert [wedge.getLabel() for wedge in wedges] == ["a", "b", None]
    axes = drawn(plt)[0]
    assert not axes.axison
    pieces = axes.patches
    assert [(p.theta1, p.theta2) for p in pieces] == [(90, 180), (180, 270), (270, 450)]
    assert pieces[0].center == (0, 0)
    assert pieces[1].center == pytest.approx((-0.5 * 0.5**0.5, -0.5 * 0.5**0.5))
    assert [t.get_text() for t in axes.texts] == ["a", "25.0%", "b", "25.0%", "50.0%"]
    assert np.hypot(*axes.texts[1].get_position()) == pytest.approx(0.6)
    assert np.hypot(*axes.texts[2].get_position()) == pytest.approx(1.6)
    assert np.hypot(*axes.texts[3].get_position()) == pytest.approx(1.1)


def test_pie_texts_by_function(plt):
    plt.pie(np.array([2, 3]), None, None, lambda weight: weight)
    assert [t.get_text() for t in drawn(plt)[0].texts] == ["2", "3"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1]],), "must be 1-D"),
        (([1, -1],), "not negative"),
        (([0, 0],), "positive sum"),
        (([1, float("nan")],), "finite"),
        (([1], None, "up"), "startangle"),
        (([1], None, None, 5), 'Argument "autopct" must be string or callable'),
        (([1], None, None, "%d %d"), "autopct '%d %d'"),
    ],
)
def test_pie_refuses(plt, arguments, message):
    with pytest.raises(InvalidArgumentException, match=message):
        plt.pie(*arguments)


# --- images ---


def test_image_on_the_canvas(plt):
    image = plt.imshow([[0, 1, 2], [3, 4, 5]], "magma", [4, 1], [-1, 1, 0, 8])
    assert isinstance(image, Image)
    assert image.colorRange() == [1, 4]
    assert image.colormap().name == "magma"
    axes = drawn(plt)[0]
    (shown,) = axes.images
    assert isinstance(shown, AxesImage)
    assert shown.get_extent() == [-1, 1, 0, 8]
    assert shown.get_clim() == (1, 4)
    # values outside are black and white
    pixels = shown.to_rgba(np.array([[0.0, 5.0]]))
    assert pixels[0, 0].tolist() == [0, 0, 0, 1]
    assert pixels[0, 1].tolist() == [1, 1, 1, 1]
    # 5 % of the axes on each side
    assert axes.get_xlim() == pytest.approx((-1 - 2 / 18, 1 + 2 / 18), rel=0.01)


@pytest.mark.parametrize("origin", ["upper", "lower", None])
def test_the_y_axis_points_up(plt, origin):
    plt.imshow(np.arange(6).reshape(3, 2), None, None, None, origin)
    axes = drawn(plt)[0]
    assert axes.get_ylim()[0] < axes.get_ylim()[1]
    assert axes.images[0].origin == (origin or "lower")


def test_pictures(plt):
    for values in (np.full((2, 2, 3), 300), np.full((2, 2, 4), 1.5), np.ones((2, 2, 3), bool)):
        image = plt.imshow(values)
        with pytest.raises(RuntimeException, match="Does not support color maps"):
            image.colorRange()
    whole, part, _ = drawn(plt)[0].images
    assert whole.get_array().max() == 255
    assert part.get_array().max() == 1


def test_images_of_one_value_and_of_nan(plt):
    assert plt.imshow([[3, 3]]).colorRange() == [3, 3]
    assert plt.imshow([[np.nan, 2, 1]]).colorRange() == [1, 2]
    assert plt.imshow([[np.nan]]).colorRange() == [0, 1]
    drawn(plt)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([1, 2],), InvalidArgumentException, "2-D or 3-D"),
        ((np.zeros((2, 2, 2)),), InvalidArgumentException, "rgb or rgba"),
        ((np.zeros((0, 2)),), InvalidArgumentException, "empty"),
        (([[1]], "viridus"), InvalidArgumentException, "viridus.*viridis"),
        (([[1]], None, [1]), RuntimeException, "Normalize must be"),
        (([[1]], None, None, [1, 2]), RuntimeException, "Extent must be"),
        (([[1]], None, None, None, "left"), InvalidArgumentException, "origin"),
    ],
)
def test_imshow_refuses(plt, arguments, error, message):
    with pytest.raises(error, match=message):
        plt.imshow(*arguments)


def test_colorbar_takes_a_part_of_the_axes(plt):
    image = plt.imshow([[0, 1], [2, 3]])
    scale = plt.colorbar(image)
    assert plt.getAxes().getPlotArea() == [80, 55, 396, 365]
    assert scale.getPlotArea() == [501, 55, 10, 365]
    assert plt.currentFigure().getAxes() == [plt.getAxes(), scale]
    _, beside = drawn(plt)
    assert beside.get_ylim() == pytest.approx((0, 3), abs=0.02)
    assert beside.yaxis.get_ticks_position() == "right"
    assert len(beside.get_xticks()) == 0


def test_colorbar_fills_axes(plt):
    figure, axes = plt.subplots(1, 2)
    image = axes[0].imshow([[5, 5]])
    assert figure.colorbar(image, axes[1], True) is axes[1]
    assert len(figure.getAxes()) == 2
    # a range of one value is widened
    assert drawn(plt)[1].get_ylim() == pytest.approx((4.75, 5.25), abs=0.01)


def test_colorbar_refuses(plt):
    image = plt.imshow([[0, 1]])
    (line,) = plt.plot([1, 2])
    with pytest.raises(InvalidArgumentException, match="mappable must be what imshow returned, not Line2D"):
        plt.colorbar(line)
    _, axes = plt.subplots()
    with pytest.raises(InvalidArgumentException, match="Target axes not found"):
        plt.figure(0).colorbar(image, axes[0])
    with pytest.raises(RuntimeException, match="Does not support color maps"):
        plt.colorbar(axes[0].imshow(np.zeros((1, 1, 3))))


@pytest.mark.parametrize("name", COLORMAPS)
def test_colormaps(name):
    cmap = CmapManager().get(name)
    table = np.array(cmap.getMapData())
    assert table.shape == (256, 3)
    assert cmap.interpolate(0) == cmap.interpolate(-1) == table[0].tolist()
    assert cmap.interpolate(1) == table[255].tolist()
    np.testing.assert_allclose(cmap.interpolate(0.5), (table[127] + table[128]) / 2)
    assert cmap.interpolateOrClip(-0.1) == [0, 0, 0]
    assert cmap.interpolateOrClip(1.1) == [1, 1, 1]


def test_colormap_manager(plt):
    manager = plt.getCmapManager()
    assert manager.get("jet") is manager.get("jet")
    assert Colormap("gray").sRGB24Bit([0, 0.5, 1]) == [0, 127, 255]
    with pytest.raises(InvalidArgumentException, match=r"colormap file not found: 'jets'\. Did you mean jet.*winter"):
        manager.get("jets")
    with pytest.raises(InvalidArgumentException, match="must be a string"):
        Colormap(3)
    plt.setCmapManager(other := CmapManager())
    assert plt.getCmapManager() is other


# --- legends, texts, ticks ---


def legend_texts(axes):
    return [t.get_text() for t in axes.get_legend().get_texts()]


def test_legend_of_labelled_artists(plt):
    plt.plot([1, 2], None, None, "_loss")
    plt.plot([2, 1])
    points = plt.scatter([0], [0], None, None, None, "$5")
    points.setLabel("$6$")
    assert isinstance(plt.legend(), Legend)
    axes = drawn(plt)[0]
    assert legend_texts(axes) == ["_loss", "$6$"]
    assert not any(shown.get_parse_math() for shown in axes.get_legend().get_texts())


def test_legend_by_labels_and_by_artists(plt):
    lines = plt.plot([[1, 2], [3, 4]])
    plt.legend(["data0", "data1"])
    plt.figure()
    plt.bar(["a"], [1])
    bars = plt.bar(["a"], [2])
    plt.legend(bars, ["second"])
    plt.figure()
    plt.plot([1, 2])
    plt.legend()
    plt.show()
    first, second, third = (canvas.axes[0] for canvas in plt.getRenderer().shown)
    assert legend_texts(first) == ["data0", "data1"]
    assert legend_texts(second) == ["second"]
    assert third.get_legend() is None
    assert len(lines) == 2


def test_legend_refuses(plt):
    line = plt.plot([1, 2])
    image = plt.imshow([[1]])
    with pytest.raises(InvalidArgumentException, match=r"labels must be specified\. Expected strings, got Line2D"):
        plt.legend(line)
    with pytest.raises(InvalidArgumentException, match="got 1 for 2"):
        plt.legend(["one"])
    with pytest.raises(DomainException, match="handles must be array of DataArtist, got list"):
        plt.legend([line, image], ["a", "b"])
    with pytest.raises(InvalidArgumentException, match="a list is expected, not the text"):
        plt.legend("label")


def test_texts(plt):
    plt.plot([1, 2])
    plt.title("ti$t$le")
    plt.xlabel("ex")
    plt.ylabel(3.0)
    plt.show()
    texts = plt.getRenderer().shown[0].texts
    assert {t.get_text() for t in texts} == {"ti$t$le", "ex", "3"}
    by = {t.get_text(): t for t in texts}
    assert by["3"].get_rotation() == 90
    assert by["ti$t$le"].get_position()[1] > 420 / 480
    assert by["ex"].get_position()[1] < 55 / 480
    assert not by["ti$t$le"].get_parse_math()


def test_long_tick_labels_are_not_cut_off(plt):
    plt.barh(["a label that is longer than the margin", "b"], [1, 2])
    plt.ylabel("y")
    plt.show()
    canvas = plt.getRenderer().shown[0]
    for shown in (*canvas.axes[0].get_yticklabels(), *canvas.texts):
        assert shown.get_window_extent().x0 >= 0
    label = canvas.axes[0].get_yticklabels()[0].get_window_extent()
    assert canvas.texts[0].get_window_extent().x1 <= label.x0


def test_texts_stay_inside_the_figure():
    plt = Plot({"ylabel.margin": 500, "xlabel.margin": 500, "title.margin": 500}, None, Recorder())
    plt.plot([1, 2])
    plt.title("title")
    plt.xlabel("x")
    plt.ylabel("y")
    plt.show()
    for shown in plt.getRenderer().shown[0].texts:
        box = shown.get_window_extent()
        assert 0 <= box.x0 < box.x1 <= 640
        assert 0 <= box.y0 < box.y1 <= 480


def test_ticks(plt):
    plt.plot([1, 2, 3])
    plt.xticks(np.arange(3), ["Jan", "$Feb", 3.0])
    plt.yticks([1.5, 2])
    axes = drawn(plt)[0]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["Jan", "$Feb", "3"]
    assert axes.get_yticks().tolist() == [1.5, 2]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["1.5", "2"]


def test_ticks_refuse(plt):
    with pytest.raises(InvalidArgumentException, match="xticks got 2 ticks but 1 labels"):
        plt.xticks([0, 1], ["a"])
    with pytest.raises(InvalidArgumentException, match="the ticks of the y-axis must be 1-D"):
        plt.yticks([[0]], ["a"])
    plt.plot([1, 2])
    plt.getAxes().setXTicks([0, 1])
    plt.getAxes().setXTickLabels(["a"])
    with pytest.raises(InvalidArgumentException, match="x-axis has 2 ticks but 1 tick labels"):
        plt.show()


def test_tick_positions_and_hiding(plt):
    axes = plt.getAxes()
    axes.plot([1, 2])
    axes.setXTickPosition("up")
    axes.setYTickPosition("right")
    other = plt.subplot(1, 2, 1)
    other.hideXTicks(True)
    other.hideYTicks(True)
    third = plt.subplot(1, 2, 0)
    third.setFrame(False)
    first, second, frameless = drawn(plt)
    assert first.xaxis.get_ticks_position() == "top"
    assert first.yaxis.get_ticks_position() == "right"
    assert len(second.get_xticks()) == len(second.get_yticks()) == 0
    assert second.axison
    assert not frameless.axison
    with pytest.raises(LogicException, match="unknown xtick position: 'left'"):
        axes.setXTickPosition("left")
    with pytest.raises(LogicException, match="unknown ytick position: 'up'"):
        axes.setYTickPosition("up")


@pytest.mark.parametrize(
    ("high", "ticks"),
    [(9, [0, 2, 4, 6, 8]), (10, [0, 2, 4, 6, 8, 10]), (1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (2.8, [0, 0.5, 1, 1.5, 2, 2.5])],
)
def test_round_ticks(plt, high, ticks):
    plt.plot([0, high], [0, high])
    axes = drawn(plt)[0]
    for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        inside = [t for t in axis.get_ticklocs() if limits[0] <= t <= limits[1]]
        assert inside == pytest.approx(ticks)


def test_small_axes_have_fewer_ticks(plt):
    _, axes = plt.subplots(5, 7)
    axes[0].plot([0, 1000])
    shown = drawn(plt)[0]
    low, high = shown.get_ylim()
    assert 1 <= sum(low <= t <= high for t in shown.get_yticks()) <= 3


def test_tick_labels_have_room(plt):
    _, axes = plt.subplots(3, 3)
    axes[0].plot([0, 7000], [0, 1])
    for shown in drawn(plt)[:2]:
        low, high = shown.get_xlim()
        boxes = [t.label1.get_window_extent() for t in shown.xaxis.get_major_ticks() if low <= t.get_loc() <= high]
        assert len(boxes) >= 3
        assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))


# --- scales and limits ---


def test_limits(plt):
    axes = plt.getAxes()
    assert axes.calcDataLimit() == [0, 0, 1, 1]
    axes.plot([1, 2, np.nan], [-5, np.inf, 7])
    assert axes.calcDataLimit() == [1, -5, 2, 7]
    axes.bar(np.array([0.0]), [20], 1, -10)
    assert axes.calcDataLimit() == [-0.5, -10, 2, 10]
    assert plt.plot([[1]])[0].calcDataLimit() == [0, 1, 0, 1]
    assert plt.plot([])[0].calcDataLimit() == [None] * 4
    same = plt.subplot()
    same.plot([4, 4], [-2, -2])
    assert same.calcDataLimit() == pytest.approx([3.8, -2.1, 4.2, -1.9])
    drawn(plt)


def test_margin(plt):
    axes = plt.getAxes()
    axes.plot([0, 9])
    for margin, over in ((0.05, 0.05), (0, 0)):
        axes.setDataAreaMargin(margin)
        assert axes._view("x", 90, 0)[0] == pytest.approx((-over / 0.9, 1 + over / 0.9))
    # a frame that stands one pixel off
    assert axes._view("x", 90, 1)[0] == pytest.approx((-1 / 90, 1 + 1 / 90))
    for wrong in (-0.1, 0.5, "wide"):
        with pytest.raises(InvalidArgumentException, match="dataAreaMargin"):
            axes.setDataAreaMargin(wrong)


def test_log_scales(plt):
    plt.plot([0.1, 2, 30, 400, 5000], [1, 10, 100, 1000, 10000])
    plt.xscale("log")
    plt.yscale("log")
    axes = drawn(plt)[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert axes.get_ylim() == pytest.approx((10 ** (-4 / 18), 10 ** (4 + 4 / 18)), rel=0.04)
    plt.plot([1, 2])
    plt.yscale("log")
    plt.yscale(None)
    assert plt.getRenderer().shown[0] is not None
    plt.show()
    assert plt.getRenderer().shown[1].axes[0].get_yscale() == "linear"


def test_ticks_of_log_scales(plt):
    plt.plot([1, 1000], [1, 1000])
    plt.xscale("log")
    plt.yscale("log")
    plt.xticks([0, 3])
    plt.yticks([1, 1000])
    axes = drawn(plt)[0]
    assert axes.get_xticks().tolist() == axes.get_yticks().tolist() == [1, 1000]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["10^0", "10^3"]


def test_bars_on_a_log_scale_keep_their_least(plt):
    plt.bar(["a", "b"], [1, 1000])
    plt.yscale("log")
    assert 0.01 < drawn(plt)[0].get_ylim()[0] < 0.1


def test_log_scales_refuse(plt):
    plt.plot([-1000, -1, 1, 1000], [1, 2, 3, 4])
    plt.xscale("log")
    with pytest.raises(RuntimeException, match=r'"log" scale cannot be used for negative values\.'):
        plt.show()
    other = Plot(None, None, Recorder())
    other.plot([0, 0])
    other.yscale("log")
    with pytest.raises(RuntimeException, match="no y data are above zero"):
        other.show()
    with pytest.raises(InvalidArgumentException, match="scale must be"):
        plt.xscale("cubic")


def test_equal_aspect_is_square(plt):
    plt.plot([1, 2])
    assert plt.axis("equal") is None
    axes = drawn(plt)[0]
    box = axes.get_window_extent()
    assert box.width == pytest.approx(367)  # 365 and a padding of 1 on each side
    assert box.height == pytest.approx(367)
    assert box.x0 == pytest.approx(80 + (496 - 365) // 2 - 1)
    with pytest.raises(InvalidArgumentException, match="Unknown command"):
        plt.axis("off")
    with pytest.raises(InvalidArgumentException, match="aspect must be"):
        plt.getAxes().setAspect("wide")


# --- configuration ---


def test_configuration_reaches_what_is_drawn():
    plt = Plot(
        {
            "figure.figsize": [800, 600],
            "figure.bgColor": "white",
            "figure.leftMargin": 100,
            "frame.frameColor": "red",
            "frame.labelColor": "SeaGreen",
            "frame.xTickPosition": "up",
            "frame.yTickPosition": "right",
            "frame.xTickLength": 0,
            "frame.xTickLabelAngle": 45,
            "frame.yTickLabelAngle": 90,
            "frame.framePadding": 0,
            "frame.xTickLabelFontSize": 20,
            "title.fontSize": 4,
            "title.color": "blue",
            "title.position": "down",
            "ylabel.position": "right",
            "line2d.thickness": 5,
            "line2d.markerSize": 20,
            "marker.markerStyle": "square",
            "marker.markerSize": 10,
            "bar.barWidth": 0.5,
            "bar.legendLineWidth": 4,
            "legend.fontSize": 2,
        },
        None,
        Recorder(),
    )
    plt.plot([1, 2], None, "o", "line")
    plt.scatter([0], [0])
    (bar,) = plt.bar(np.array([0.0]), [1])
    plt.title("title")
    plt.ylabel("right")
    plt.legend()
    assert bar.width.tolist() == [0.5]
    assert bar.legendLineWidth == 4
    axes = drawn(plt)[0]
    canvas = plt.getRenderer().shown[0]
    assert (int(canvas.bbox.width), int(canvas.bbox.height)) == (800, 600)
    assert canvas.get_facecolor() == (1, 1, 1, 1)
    assert axes.get_window_extent().x0 == pytest.approx(100)
    assert axes.spines["left"].get_edgecolor() == (1, 0, 0, 1)
    assert axes.xaxis.get_ticks_position() == "top"
    assert axes.yaxis.get_ticks_position() == "right"
    tick = axes.xaxis.get_major_ticks()[0]
    assert tick.label2.get_rotation() == 45
    assert tick.label2.get_fontsize() == 20
    assert tick.tick2line.get_markersize() == 0
    assert tuple(tick.label2.get_color()) == to_rgba("SeaGreen")
    line = axes.get_lines()[0]
    assert line.get_linewidth() == pytest.approx(3.6)
    assert line.get_markersize() == pytest.approx(14.4)
    assert axes.collections[0].get_sizes().tolist() == pytest.approx([7.2**2])
    title, name = sorted(canvas.texts, key=lambda t: t.get_text(), reverse=True)
    assert title.get_color() == (0, 0, 1, 1)
    assert title.get_fontsize() == 10
    assert title.get_position()[1] < 0.1
    assert name.get_position()[0] > (800 - 64) / 800
    assert axes.get_legend().get_texts()[0].get_fontsize() == 7.5


def test_configuration_of_pies_and_frames():
    plt = Plot({"wedge.pctColor": "white", "wedge.labelDistance": 1.5, "wedge.fontSize": 6}, None, Recorder())
    plt.pie([1, 1], ["a"], 0, "%d")
    label, percentage, _ = drawn(plt)[0].texts
    assert label.get_position() == pytest.approx((0, 1.5))
    assert label.get_fontsize() == 6
    assert percentage.get_color() == (1, 1, 1, 1)
    plt.setConfig({"frame": False})
    plt.plot([1])
    plt.show()
    assert not plt.getRenderer().shown[1].axes[0].axison
    plt.figure(None, None, {"figure.figsize": [200, 300]})
    assert plt.currentFigure().getFigSize() == [200, 300]
    plt.figure()
    assert plt.currentFigure().getFigSize() == [640, 480]


def test_wrong_configuration():
    with pytest.warns(UserWarning, match="no configuration key 'bar.barwidth'. Did you mean bar.barWidth"):
        Plot({"bar.barwidth": 1}, None, Recorder())
    with pytest.raises(InvalidArgumentException, match="config must be a dict"):
        Plot(["frame"], None, Recorder())
    assert Plot([], None, Recorder()).config == {}  # as the original's programs have it
    for config, error, message in (
        ({"title.position": "middle"}, LogicException, "invalid axis label position: 'middle'"),
        ({"frame.xTickPosition": "left"}, LogicException, "unknown xtick position"),
        ({"marker.markerStyle": "cat"}, InvalidArgumentException, "Unknown marker style 'cat'"),
        ({"title.fontSize": -1}, InvalidArgumentException, "font size"),
        ({"figure.bgColor": "nocolor"}, InvalidArgumentException, "Color name is not found"),
    ):
        plt = Plot(config, None, Recorder())
        plt.title("t")
        with pytest.raises(error, match=message):
            plt.scatter([1], [1])
            plt.show()


def test_load_configure(plt):
    axes = plt.getAxes()
    axes.loadConfigure(Configure({"frame": False, "bar.barWidth": 2, "x.frame": 7}), ["frame", "bar.barWidth"])
    assert (axes.frame, axes.barWidth) == (False, 2)
    axes.loadConfigure({"x.frame": 7}, ["frame"], "x")
    assert axes.frame == 7
    with pytest.raises(LogicException, match="valueNames must be string array"):
        axes.loadConfigure({}, [1])


def test_frame_of_axes(plt):
    frame = plt.getAxes().newBoxFrame()
    assert frame.plotArea == (80, 55, 496, 365)


# --- colors ---


@pytest.mark.parametrize(
    ("color", "rgb"),
    [
        ("RoyalBlue", (65, 105, 225)),
        ("royal blue", (65, 105, 225)),
        ("green", (0, 255, 0)),
        ("purple", (160, 32, 240)),
        ("aquamarine4", (69, 139, 116)),
        ("grey50", (127, 127, 127)),
        ("gray90", (229, 229, 229)),
        ("gray51", (130, 130, 130)),
        ("LightGrey", (211, 211, 211)),
        ("violet red", (208, 32, 144)),
        ("#ff8000", (255, 128, 0)),
        ([1, 2, 3], (1, 2, 3)),
        (np.array([255, 0, 7]), (255, 0, 7)),
        ((1.0, 0.0, 0.2), (255, 0, 51)),
    ],
)
def test_colors(color, rgb):
    assert to_rgba(color) == pytest.approx((*(c / 255 for c in rgb), 1))


def test_opacity_is_that_of_gd():
    assert to_rgba([255, 0, 0, 0])[3] == 1
    assert to_rgba([255, 0, 0, 127])[3] == 0


@pytest.mark.parametrize("color", [[1, 2], [1, 2, 300], [0, 0, 0, 128], ["a", "b", "c"], 5, None, "RoyalBlu"])
def test_not_colors(color):
    with pytest.raises(InvalidArgumentException, match=r"[cC]olor"):
        to_rgba(color)


def test_drawing_needs_an_open_renderer(plt):
    plt.plot([1])
    with pytest.raises(LogicException, match="No picture is open"):
        plt.currentFigure().draw()


def test_drawing_order_is_the_order_of_calls(plt):
    plt.plot([0, 1])
    plt.bar(["a", "b"], [1, 1])
    plt.scatter([0], [0])
    axes = drawn(plt)[0]
    shown = [child for child in axes.get_children() if child.get_zorder() == 2]
    assert [isinstance(child, Rectangle) for child in shown] == [False, True, True, False]
