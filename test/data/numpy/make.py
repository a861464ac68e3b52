"""Writes the arrays beside it, with NumPy 2.4: what the tests of data/npy.h and data/npz.h read."""

import numpy as np

values = {
    "b1": [True, False, True, True, False, False],
    "i1": [-128, -1, 0, 1, 2, 127],
    "u1": [0, 1, 2, 127, 128, 255],
    "i2": [-32768, -1, 0, 1, 2, 32767],
    "u2": [0, 1, 2, 32767, 32768, 65535],
    "i4": [-(2**31), -1, 0, 1, 2, 2**31 - 1],
    "u4": [0, 1, 2, 2**31 - 1, 2**31, 2**32 - 1],
    "i8": [-(2**63), -1, 0, 1, 2, 2**63 - 1],
    "f2": [-65504, 2**-24, 2**-14, 1.5, np.inf, -0.0],
    "f4": [-1.5, 2**-149, 0.1, 3e38, np.inf, -0.0],
    "f8": [-1.5, 2**-1074, 0.1, 1e308, np.inf, -0.0],
}
for code, six in values.items():
    for order_name, order in [("little", "<"), ("big", ">")]:
        array = np.array(six, dtype=order + code).reshape(2, 3)
        np.save(f"{code}_{order_name}.npy", array)
        np.save(f"{code}_{order_name}_fortran.npy", np.asfortranarray(array))

cube = np.arange(24, dtype="<i4").reshape(2, 3, 4)
np.save("cube_fortran.npy", np.asfortranarray(cube))
np.save("scalar.npy", np.float32(2.5))
np.save("vector.npy", np.arange(3, dtype="<f4"))
np.save("empty.npy", np.zeros((0, 4), dtype="<f8"))
for version in [(1, 0), (2, 0), (3, 0)]:
    with open(f"version_{version[0]}.npy", "wb") as file:
        np.lib.format.write_array(file, cube, version=version)
np.save("refused_u8.npy", np.zeros(2, dtype="<u8"))
np.save("refused_c8.npy", np.zeros(2, dtype="<c8"))
np.save("refused_text.npy", np.array(["ab", "c"]))
np.save("refused_object.npy", np.array([None, {}], dtype=object), allow_pickle=True)
np.save("refused_records.npy", np.zeros(2, dtype=[("x", "<f4"), ("y", "<i4")]))

arrays = {"weight": cube.astype("<f4"), "bias": np.array([1.5, -2.0]), "flags": np.array([True, False])}
np.savez("stored.npz", **arrays)
np.savez_compressed("deflated.npz", **arrays)
np.savez_compressed("bomb.npz", zeros=np.zeros(1 << 20, dtype="u1"))
