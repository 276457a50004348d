"""Comparison with streams made by the reference library and program, where these are present.

Run lengths and quantization: byte for byte both ways. Polynomial streams: raw and polynomial-only chunks bit for bit,
Chebyshev chunks within 16 ulp of the chunk's largest value; our streams no larger, and the container restored exactly.
"""

import warnings

import numpy as np
import pytest

from rustfits_cffi import polycomp
from rustfits_cffi.native import polycomp as native


@pytest.fixture(scope="module")
def vectors(real_files):
    folder = real_files / "polycomp"
    if not folder.is_dir():
        pytest.skip("the reference streams are not on this machine")
    return lambda name: np.load(folder / f"{name}.npz", allow_pickle=False)


def cases(archive, field):
    """Names of the cases that have `field`."""
    return [name.removesuffix(f"/{field}") for name in archive.files if name.endswith(f"/{field}")]


@pytest.mark.parametrize("method", ["rle", "diffrle"])
def test_run_lengths_are_the_reference_bytes(vectors, method):
    archive = vectors(method)
    for case in cases(archive, "stream"):
        samples, stream = archive[f"{case}/input"], archive[f"{case}/stream"]
        most = np.iinfo(samples.dtype).max
        ours = polycomp.encode(samples, method, max_count=most)
        assert ours.payload.dtype == stream.dtype and np.array_equal(ours.payload, stream), case
        program = archive.get(f"{case}/stream_program", stream)
        assert np.array_equal(polycomp.encode(samples, method).payload, program), case
        for one in (stream, program):
            decoded = polycomp.decode(one, method, dtype=samples.dtype, count=samples.size)
            assert np.array_equal(decoded, samples), case


def quantized_input(archive, case):
    return archive[f"{case}/input" if f"{case}/input" in archive else f"{case.rpartition('.')[0]}/input"]


def test_quantization_is_the_reference_bytes_and_doubles(vectors):
    archive = vectors("quant")
    for case in cases(archive, "params"):
        samples = quantized_input(archive, case)
        bits, normalization, offset = archive[f"{case}/params"]
        settings = dict(bits_per_sample=int(bits), normalization=normalization, offset=offset)
        if f"{case}/decoded" in archive:
            for order, name in (("lsb", "stream"), ("msb", "stream_msb")):
                if f"{case}/{name}" in archive:
                    decoded = polycomp.decode(
                        archive[f"{case}/{name}"], "quantization", dtype=samples.dtype, count=samples.size,
                        bit_order=order, **settings,
                    )  # fmt: skip
                    assert np.array_equal(decoded, archive[f"{case}/decoded"]), (case, order)
        if not np.isfinite(samples).all():
            with pytest.raises(ValueError):
                polycomp.encode(samples, "quantization", bits_per_sample=int(bits))
            continue
        ours = polycomp.encode(samples, "quantization", bits_per_sample=int(bits), bit_order="lsb")
        assert np.array_equal(ours.payload, archive[f"{case}/stream"]), case
        if np.isfinite(normalization):
            assert (ours.parameters["normalization"], ours.parameters["offset"]) == (normalization, offset), case
        if f"{case}/stream_msb" in archive:
            msb = polycomp.encode(samples, "quantization", bits_per_sample=int(bits))
            assert np.array_equal(msb.payload, archive[f"{case}/stream_msb"]), case


def test_polynomial_streams_decode_to_the_reference_samples(vectors):
    archive = vectors("poly")
    for case in cases(archive, "stream"):
        stream, expected = archive[f"{case}/stream"], archive[f"{case}/decoded"]
        decoded = polycomp.decode(stream, "polynomial", count=expected.size)
        first = 0
        for chunk in polycomp.chunks(stream):
            part = slice(first, first + chunk.samples)
            first += chunk.samples
            if chunk.cheby.size == 0:
                assert np.array_equal(decoded[part].view(np.uint64), expected[part].view(np.uint64)), case
            else:
                ulp = np.spacing(np.abs(expected[part]).max())
                assert np.abs(decoded[part] - expected[part]).max() <= 16 * ulp, case


def test_splitting_a_reference_stream_and_joining_it_restores_the_bytes(vectors):
    archive = vectors("poly")
    for case in cases(archive, "stream"):
        stream = archive[f"{case}/stream"]
        assert np.array_equal(polycomp.join(polycomp.chunks(stream)).payload, stream), case


def our_stream(archive, case):
    """The samples of a case, its error bound, and our stream of them."""
    samples = archive[f"signal.{archive[f'{case}/signal']}"]
    length, coefficients, max_error, algorithm = archive[f"{case}/params"]
    ours = polycomp.encode(
        samples, "polynomial", num_of_coefficients=int(coefficients), samples_per_chunk=int(length),
        max_error=max_error, use_chebyshev=algorithm == 0,
    )  # fmt: skip
    return samples, max_error, ours


def test_nearly_all_chunks_are_stored_as_the_reference_stores_them(vectors):
    archive, nchunks, other = vectors("poly"), 0, 0
    for case in cases(archive, "stream"):
        *_, ours = our_stream(archive, case)
        for chunk, theirs in zip(polycomp.chunks(ours), polycomp.chunks(archive[f"{case}/stream"]), strict=True):
            nchunks += 1
            other += chunk.compressed != theirs.compressed
    assert nchunks > 500 and other <= 0.005 * nchunks


def plain_reader(chunk):
    """A chunk's samples as the reference computes them: Horner, and the transform by one of twice the length."""
    if not chunk.compressed:
        return chunk.uncompressed
    values, x = np.zeros(chunk.samples), np.arange(1, chunk.samples + 1.0)
    for coefficient in chunk.poly[::-1]:
        values = values * x + coefficient
    if chunk.cheby.size:
        spectrum = np.zeros(chunk.samples)
        spectrum[np.unpackbits(chunk.mask, bitorder="little")[: chunk.samples] == 1] = chunk.cheby
        mirrored = np.append(spectrum, spectrum[-2:0:-1])
        values += np.fft.rfft(mirrored).real / 2
    return values


def test_a_reader_like_the_reference_decodes_our_streams_within_the_bound(vectors):
    archive, nread = vectors("poly"), 0
    for case in cases(archive, "stream"):
        samples, max_error, ours = our_stream(archive, case)
        first = 0
        for chunk in polycomp.chunks(ours):
            part = samples[first : first + chunk.samples]
            first += chunk.samples
            if np.isfinite(part).all():
                slack = 16 * np.spacing(np.abs(part).max())
                assert np.abs(plain_reader(chunk) - part).max() <= max_error + slack, case
                nread += chunk.cheby.size > 0
    assert nread > 50


def test_our_streams_keep_the_bound_and_are_no_larger(vectors):
    archive = vectors("poly")
    for case in cases(archive, "stream"):
        samples, max_error, ours = our_stream(archive, case)
        assert ours.nbytes <= archive[f"{case}/stream"].size, case
        decoded = polycomp.decode(ours)
        finite = np.isfinite(samples)
        assert np.array_equal(decoded[~finite], samples[~finite], equal_nan=True), case
        assert np.abs(decoded[finite] - samples[finite]).max(initial=0) <= max_error, case


def test_transforms_fits_and_straightening(vectors):
    archive = vectors("transforms")
    for case in cases(archive, "forward"):
        values = archive[f"{case}/input"]
        for field, inverse in (("forward", False), ("inverse", True)):
            expected = archive[f"{case}/{field}"]
            ours = native.poly_transform(values, inverse=inverse)
            assert np.abs(ours - expected).max() <= 4 * 2.0**-52 * (np.abs(expected).max() + np.abs(values).sum() / 2)
    for case in cases(archive, "coefficients"):
        expected = archive[f"{case}/coefficients"]
        ours = native.poly_fit(archive[f"{case}/input"], int(archive[f"{case}/num_of_coefficients"]))
        assert np.allclose(ours, expected, rtol=1e-5), case
    for case in cases(archive, "output"):
        ours = native.poly_straighten(archive[f"{case}/input"], float(archive[f"{case}/period"]))
        assert np.array_equal(ours, archive[f"{case}/output"]), case


def test_hand_made_streams_decode_warn_or_fail_as_they_should(vectors):
    archive = vectors("poly_streams")
    for case in cases(archive, "stream"):
        stream, expect = archive[f"{case}/stream"], str(archive[f"{case}/expect"])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            if expect == "error":
                with pytest.raises(polycomp.PolycompError):
                    polycomp.decode(stream, "polynomial")
                continue
            decoded = polycomp.decode(stream, "polynomial")
        assert bool(caught) == (expect == "warn"), case
        assert np.allclose(decoded, archive[f"{case}/decoded"], rtol=1e-14, equal_nan=True), case


def test_deflated_streams_decode(vectors):
    archive = vectors("deflate")
    for case in cases(archive, "stream"):
        samples = archive[f"{case}/input"]
        method = case.partition(".")[0]
        decoded = polycomp.decode(archive[f"{case}/stream"], method, dtype=samples.dtype, count=samples.size)
        assert np.array_equal(decoded, samples), case
