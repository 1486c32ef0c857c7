"""Elementary functions as polynomials: they vectorise, and are the same bits on every machine.

Relative error against the float64 function is below 4e-7 over the stated range; tests measure it.
"""

from __future__ import annotations

import numpy as np

from abm.core.kernels import equation

STEPS = 2.0**20  # in 1, for states that are counted: exact, so that the order of a sum cannot matter
_STEPS = np.float32(STEPS)
_VISITS = 1024  # of 2**20 steps each: the sum is below 2**31
_TO_INTEGER_64 = 6755399441055744.0  # 1.5 * 2**52: the same for float64
_BITS_64 = np.int64(0x4338000000000000)  # of that number
_TO_INTEGER = np.float32(12582912.0)  # 1.5 * 2**23: adding and subtracting it rounds a float32 to a whole number
_SHIFT = np.int32(23)
_BIAS = np.int32(127)
_MANTISSA = np.int32(0x007FFFFF)
_ROOT_HALF = np.int32(0x3F3504F3)  # bits of sqrt(1/2)
_OFFSET = np.int32(0x3F800000 - 0x3F3504F3)


@equation
def unit(x):
    """Return x clipped to [0, 1]."""
    return min(max(x, np.float32(0.0)), np.float32(1.0))


@equation
def any_set(flags):
    """Return whether any of the flags is above 0."""
    found = False
    for k in range(flags.shape[0]):
        found |= flags[k] > 0
    return found


@equation
def one_more(count, happened):
    """Return a count of 32 bits, one more if it happened; counts of 64 bits take vectors of half as many."""
    return np.int32(count + (np.int32(1) if happened else np.int32(0)))


@equation
def in_steps(x):
    """Return x in [0, 1] as a whole number of steps of 2**-20, cut off: sums of these are exact."""
    return np.int64(np.int32(x * _STEPS))


@equation
def steps_at(firm, values, visit_firm, visits):
    """Return the sum of a value over the visits to a firm, in steps of 2**-20, as `in_steps` has them.

    values : of each visit, in [0, 1]      visit_firm : of each visit      visits : how many there are

    A thousand visits are added up in 32 bits, of which a vector holds twice as many as of 64.
    """
    total = np.int64(0)
    for first in range(0, visits, _VISITS):
        some = np.int32(0)
        for v in range(first, min(first + _VISITS, visits)):
            step = np.int32(values[v] * _STEPS)
            some = np.int32(some + (step if visit_firm[v] == np.int32(firm) else np.int32(0)))
        total += np.int64(some)
    return total


@equation(double=True)
def whole(x):
    """Return a float64 that is a whole number below 2**51 as an int64, by arithmetic that vectorises everywhere."""
    return np.float64(x + _TO_INTEGER_64).view(np.int64) - _BITS_64


@equation
def exp32(x):
    """Return e**x for float32 x, clipped to [-80, 88]: products of the result stay normal numbers, which are quick.

    A float64 is rounded to float32 first.
    """
    x = min(max(np.float32(x), np.float32(-80.0)), np.float32(88.0))
    whole = (x * 1.4426950408889634 + _TO_INTEGER) - _TO_INTEGER
    rest = (x - whole * 0.693359375) - whole * np.float32(-2.12194440e-4)
    p = np.float32(1.9875691500e-4)
    p = p * rest + 1.3981999507e-3
    p = p * rest + 8.3334519073e-3
    p = p * rest + 4.1665795894e-2
    p = p * rest + 1.6666665459e-1
    p = p * rest + 5.0000001201e-1
    p = p * rest * rest + rest + 1.0
    return p * np.int32((np.int32(whole) + _BIAS) << _SHIFT).view(np.float32)


@equation(double=True)
def exp64(x):
    """Return e**x for float64 x, clipped to [-700, 700], within 1e-15 of the value."""
    x = min(max(x, -700.0), 700.0)
    powers = (x * 1.4426950408889634 + _TO_INTEGER_64) - _TO_INTEGER_64
    rest = (x - powers * 0.6931471803691238) - powers * 1.9082149292705877e-10
    p = 1.0 / 6227020800.0
    p = p * rest + 1.0 / 479001600.0
    p = p * rest + 1.0 / 39916800.0
    p = p * rest + 1.0 / 3628800.0
    p = p * rest + 1.0 / 362880.0
    p = p * rest + 1.0 / 40320.0
    p = p * rest + 1.0 / 5040.0
    p = p * rest + 1.0 / 720.0
    p = p * rest + 1.0 / 120.0
    p = p * rest + 1.0 / 24.0
    p = p * rest + 1.0 / 6.0
    p = p * rest + 0.5
    p = p * rest * rest + rest + 1.0
    return p * np.int64((whole(powers) + 1023) << 52).view(np.float64)


@equation
def log32(x):
    """Return the natural logarithm of a positive, normal float32 x."""
    bits = np.int32(np.float32(x).view(np.int32) + _OFFSET)
    exponent = np.float32(np.int32((bits >> _SHIFT) - _BIAS))
    m = np.int32((bits & _MANTISSA) + _ROOT_HALF).view(np.float32) - 1.0
    square = m * m
    p = np.float32(7.0376836292e-2)
    p = p * m - 1.1514610310e-1
    p = p * m + 1.1676998740e-1
    p = p * m - 1.2420140846e-1
    p = p * m + 1.4249322787e-1
    p = p * m - 1.6668057665e-1
    p = p * m + 2.0000714765e-1
    p = p * m - 2.4999993993e-1
    p = p * m + 3.3333331174e-1
    p = p * m * square + exponent * np.float32(-2.12194440e-4) - 0.5 * square
    return m + p + exponent * 0.693359375


@equation
def logistic32(x):
    """Return 1 / (1 + e**-x)."""
    return 1.0 / (1.0 + exp32(-x))


@equation
def normal32(u):
    """Return the standard normal quantile of u in (0, 1): one uniform, one normal.

    Source: polynomial approximation of the inverse error function in single precision, GILES_2012.
    """
    x = 2.0 * u - 1.0
    w = -log32((1.0 - x) * (1.0 + x))
    a = w - 2.5
    p = 2.81022636e-08
    p = 3.43273939e-07 + p * a
    p = -3.5233877e-06 + p * a
    p = -4.39150654e-06 + p * a
    p = 0.00021858087 + p * a
    p = -0.00125372503 + p * a
    p = -0.00417768164 + p * a
    p = 0.246640727 + p * a
    p = 1.50140941 + p * a
    b = np.sqrt(max(w, np.float32(5.0))) - 3.0
    q = np.float32(-0.000200214257)
    q = 0.000100950558 + q * b
    q = 0.00134934322 + q * b
    q = -0.00367342844 + q * b
    q = 0.00573950773 + q * b
    q = -0.0076224613 + q * b
    q = 0.00943887047 + q * b
    q = 1.00167406 + q * b
    q = 2.83297682 + q * b
    return np.float32(1.4142135623730951) * x * (p if w < 5.0 else q)
