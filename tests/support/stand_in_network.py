"""A network that needs no training: an ONNX file whose answer is always the same. Made by hand."""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

from agent.classify.labels import COCO

Values = npt.NDArray[np.float32]


def _varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())


def _shaped(name: str, shape: tuple[int, ...]) -> bytes:
    """ValueInfoProto of float32."""
    dims = b"".join(_bytes(1, _number(1, size)) for size in shape)
    return _text(1, name) + _bytes(2, _bytes(1, _number(1, 1) + _bytes(2, dims)))


def _tensor(name: str, values: Values) -> bytes:
    dims = b"".join(_number(1, size) for size in values.shape)
    raw = np.ascontiguousarray(values, "<f4").tobytes()
    return dims + _number(2, 1) + _text(8, name) + _bytes(9, raw)


def _node(kind: str, inputs: list[str], output: str, attributes: bytes = b"") -> bytes:
    names = b"".join(_text(1, name) for name in inputs)
    return names + _text(2, output) + _text(3, output) + _text(4, kind) + attributes


def _model(nodes: list[bytes], tensors: list[bytes], side: int, shape: tuple[int, ...]) -> bytes:
    graph = b"".join(_bytes(1, node) for node in nodes) + _text(2, "stand-in")
    graph += b"".join(_bytes(5, tensor) for tensor in tensors)
    graph += _bytes(11, _shaped("in", (1, 3, side, side))) + _bytes(12, _shaped("out", shape))
    return _number(1, 8) + _bytes(8, _number(2, 13)) + _bytes(7, graph)


def _no_more_than_mean(nodes: list[bytes]) -> list[bytes]:
    """The picture's mean, times nothing: so that the answer depends on the input in form only."""
    axes = _bytes(8, _varint(1) + _varint(2) + _varint(3))
    axes = _text(1, "axes") + axes + _number(20, 7)
    keep = _text(1, "keepdims") + _number(3, 0) + _number(20, 2)
    mean = _node("ReduceMean", ["in"], "mean", _bytes(5, axes) + _bytes(5, keep))
    return [mean, _node("Mul", ["mean", "zero"], "nothing"), *nodes]


def onnx(answer: Values, side: int = 320) -> bytes:
    """A file that answers `answer` to every picture of `side` pixels."""
    zero = np.zeros((1,) * answer.ndim, np.float32)
    nodes = _no_more_than_mean([_node("Add", ["nothing", "answer"], "out")])
    tensors = [_tensor("zero", zero), _tensor("answer", answer)]
    return _model(nodes, tensors, side, answer.shape)


def greedy_onnx(side: int = 320) -> bytes:
    """A small file that wants 40 GB when it is run."""
    rows, columns = np.zeros((1, 100_000, 1), np.float32), np.zeros((1, 1, 100_000), np.float32)
    nodes = _no_more_than_mean(
        [
            _node("Add", ["nothing", "rows"], "tall"),
            _node("Add", ["nothing", "columns"], "wide"),
            _node("Add", ["tall", "wide"], "out"),
        ]
    )
    zero = np.zeros((1, 1, 1), np.float32)
    tensors = [_tensor("zero", zero), _tensor("rows", rows), _tensor("columns", columns)]
    return _model(nodes, tensors, side, (1, 100_000, 100_000))


def yolox_answer(
    things: list[tuple[str, float, tuple[float, float, float, float]]], side: int = 320
) -> Values:
    """What YOLOX answers that sees these: word, score, box in pixels of the square."""
    strides = (8, 16, 32)
    cells = sum((side // stride) ** 2 for stride in strides)
    answer = np.zeros((1, cells, 5 + len(COCO)), np.float32)
    stride, count = strides[0], side // strides[0]
    for word, score, (x, y, width, height) in things:
        middle_x, middle_y = (x + width / 2) / stride, (y + height / 2) / stride
        column, row = min(int(middle_x), count - 1), min(int(middle_y), count - 1)
        cell = answer[0, row * count + column]
        cell[:4] = (
            middle_x - column,
            middle_y - row,
            np.log(width / stride),
            np.log(height / stride),
        )
        cell[4], cell[5 + COCO.index(word)] = 1.0, score
    return answer


def truncated(file: bytes) -> bytes:
    """As a download that was cut off."""
    return file[: len(file) * 2 // 3]


def garbage(size: int = 4096) -> bytes:
    """As a page that says `not found`, and noise."""
    noise = np.random.default_rng(3).integers(0, 256, size).astype(np.uint8).tobytes()
    return b"<html>not found</html>" + struct.pack("<I", size) + noise
