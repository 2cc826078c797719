"""How a GPU is driven through CuPy, by a CuPy that is made up: what it is asked to compile, to launch and to forget."""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import os
import sys
from types import MappingProxyType, ModuleType, SimpleNamespace

import numpy as np
import pytest
from scenario_plans import REFERENCE_DEAL, plan_of

from simengine import settings
from simengine.analysis.doctor_gpu import gpu_findings
from simengine.engine import workers
from simengine.engine.run import run
from simengine.engine.workers import declared
from simengine.errors import CacheWarning, DeviceError, DeviceLost, DeviceWarning
from simengine.kernels.cuda import binaries, find
from simengine.kernels.cuda.cupy_device import CupyDevice
from simengine.kernels.cuda.device import OPTIONS, DeviceMemory
from simengine.kernels.cuda.family import OnDevice
from simengine.kernels.cuda.find import NoGpu
from simengine.kernels.cuda.kernels import Kernels
from simengine.kernels.cuda.texts import TALLY_THREADS, tally_bytes

TEXT = 'extern "C" __global__ void first() {}\nextern "C" __global__ void second() {}\n'


class CudaError(RuntimeError):
    """As CUDA's errors reach Python."""


CudaError.__module__ = "cupy_backends.cuda.api.driver"


class OutOfMemoryError(MemoryError):
    """That of CuPy's pool."""


class MadeUp:
    """What the made-up CuPy was asked for, and what goes wrong: an exception by the name of what raises it."""

    def __init__(self):
        self.version, self.capability = "14.2.0", "90"
        self.compiled, self.loaded, self.launched, self.attributes = [], [], [], []
        self.wrong: dict[str, Exception] = {}
        self.freed = 0

    def does(self, what):
        if what in self.wrong:
            raise self.wrong[what]

    def compile_using_nvrtc(self, source, options=(), arch=None, filename="kern.cu", **more):
        self.does("compile")
        self.compiled.append((source, options, arch, more))
        return b"\x7fELF" + source.encode(), None

    def load(self, binary):
        self.does("load")
        assert type(binary) is bytes and binary.startswith(b"\x7fELF")
        self.loaded.append(binary)

    def function(self, name):
        def launch(grid, block, args, shared_mem=0):
            self.does("launch")
            self.launched.append((name, grid, block, args, shared_mem))

        launch.ptr = f"address of {name}"
        return launch

    def array(self, values, what):
        self.does(what)
        return np.array(values)

    def free_all_blocks(self):
        self.does("free")
        self.freed += 1


@pytest.fixture
def made_up(monkeypatch, tmp_path):
    """CuPy, with one GPU."""
    monkeypatch.setenv("SIMENGINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    made = MadeUp()

    class Device(contextlib.AbstractContextManager):
        attributes = MappingProxyType({"MaxSharedMemoryPerBlockOptin": 227 << 10})
        compute_capability = property(lambda self: made.capability)

        def __init__(self, place):
            assert place == 0

        def __exit__(self, *_):
            return None

        def use(self):
            made.does("use")

    class Module:
        def load(self, binary):
            made.load(binary)

        def get_function(self, name):
            return made.function(name)

    cupy, cuda = ModuleType("cupy"), ModuleType("cupy.cuda")
    cupy.cuda, cupy.__version__ = cuda, made.version
    cupy.asarray = lambda values, order: made.array(values, "upload")
    cupy.empty = lambda shape, dtype: made.array(np.empty(shape, dtype), "empty")
    cupy.zeros = lambda shape, dtype: made.array(np.zeros(shape, dtype), "zeros")
    cupy.asnumpy = lambda buffer: made.array(buffer, "download")
    pool = SimpleNamespace(free_bytes=lambda: 1000, free_all_blocks=made.free_all_blocks)
    cupy.get_default_memory_pool = lambda: pool
    cuda.Device = Device
    cuda.runtime = SimpleNamespace(
        getDeviceProperties=lambda place: {"name": b"NVIDIA H200", "multiProcessorCount": 132},
        memGetInfo=lambda: (made.does("memory"), (5000, 9000))[1],
        driverGetVersion=lambda: 13000,
        runtimeGetVersion=lambda: 12090,
        getDeviceCount=lambda: 1,
        CUDARuntimeError=CudaError,
    )
    cuda.nvrtc = SimpleNamespace(getVersion=lambda: (12, 9))
    cuda.compiler = SimpleNamespace(compile_using_nvrtc=made.compile_using_nvrtc)
    cuda.function = SimpleNamespace(Module=Module)
    cuda.driver = SimpleNamespace(
        CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES=8,
        funcSetAttribute=lambda *arguments: made.attributes.append(arguments),
    )
    cuda.get_current_stream = lambda: SimpleNamespace(synchronize=lambda: made.does("wait"))
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.setitem(sys.modules, "cupy.cuda", cuda)
    return made


def test_a_gpu_says_what_it_is(made_up):
    device = find.find_gpu()
    assert (device.name, device.capability, device.multiprocessors) == ("NVIDIA H200", (9, 0), 132)
    assert (device.shared_bytes, device.free_bytes()) == (227 << 10, 6000)
    made_up.capability = "120"
    assert CupyDevice().capability == (12, 0)
    assert find.details().startswith("compute capability 12.0, ")


@pytest.mark.parametrize(("digits", "said"), [("75", "7.5"), ("61", "6.1")])
def test_a_gpu_whose_blocks_have_too_little_shared_memory_is_refused(made_up, digits, said):
    made_up.capability = digits
    with pytest.raises(NoGpu, match=rf"has compute capability {said}; 8.0 or more is needed; hint: ") as refused:
        find.find_gpu()
    assert refused.value.likely


# Compiling


def test_a_text_is_compiled_with_our_options_and_no_others(made_up):
    """CuPy's RawModule would add -ftz=true."""
    CupyDevice().compile(TEXT, ["first", "second"])
    ((source, options, arch, more),) = made_up.compiled
    assert (source, options, arch) == (TEXT, OPTIONS, None)
    assert not any("ftz=true" in option for option in options) and "--ftz=false" in options
    assert more == {"cache_in_memory": True}
    assert made_up.loaded == [b"\x7fELF" + TEXT.encode()]


def test_a_text_is_compiled_once_for_all_processes(made_up, tmp_path):
    for _ in range(2):
        assert set(CupyDevice().compile(TEXT, ["first"])) == {"first"}
    assert len(made_up.compiled) == 1 and len(made_up.loaded) == 2
    (path,) = (tmp_path / "cache" / "cuda").iterdir()
    assert path.stat().st_mode & 0o077 == 0 and path.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("changed", ["text", "architecture", "CuPy", "NVRTC", "options"])
def test_whatever_the_binary_depends_on_is_part_of_its_name(made_up, monkeypatch, changed):
    CupyDevice().compile(TEXT, ["first"])
    text = TEXT
    if changed == "text":
        text += "\n"
    elif changed == "architecture":
        made_up.capability = "80"
    elif changed == "CuPy":
        sys.modules["cupy"].__version__ = "14.3.0"
    elif changed == "NVRTC":
        sys.modules["cupy.cuda"].nvrtc.getVersion = lambda: (13, 0)
    else:
        monkeypatch.setattr("simengine.kernels.cuda.cupy_device.OPTIONS", (*OPTIONS, "--more"))
    CupyDevice().compile(text, ["first"])
    assert len(made_up.compiled) == 2


@pytest.mark.parametrize("spoil", [lambda body: body[:-1], lambda body: body[:-1] + b"x", lambda body: b""])
def test_a_damaged_binary_is_compiled_again(made_up, tmp_path, spoil):
    CupyDevice().compile(TEXT, ["first"])
    (path,) = (tmp_path / "cache" / "cuda").iterdir()
    path.write_bytes(spoil(path.read_bytes()))
    settings.warn_of_cache.cache_clear()
    with pytest.warns(CacheWarning, match="damaged and is compiled again"):
        CupyDevice().compile(TEXT, ["first"])
    CupyDevice().compile(TEXT, ["first"])
    assert len(made_up.compiled) == 2
    assert set(made_up.loaded) == {b"\x7fELF" + TEXT.encode()}


def test_a_whole_binary_that_cannot_be_loaded_is_compiled_again(made_up):
    CupyDevice().compile(TEXT, ["first"])
    settings.warn_of_cache.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        real, calls = made_up.load, []

        def load(binary):
            calls.append(binary)
            if len(calls) == 1:
                raise CudaError("CUDA_ERROR_NO_BINARY_FOR_GPU")
            real(binary)

        patch.setattr(made_up, "load", load)
        with pytest.warns(CacheWarning, match="cannot be loaded .*NO_BINARY_FOR_GPU"):
            CupyDevice().compile(TEXT, ["first"])
    assert len(made_up.compiled) == 2


def test_without_a_cache_nothing_is_kept(made_up, monkeypatch, tmp_path):
    monkeypatch.setenv("SIMENGINE_CACHE", "off")
    for _ in range(2):
        CupyDevice().compile(TEXT, ["first"])
    assert len(made_up.compiled) == 2 and not (tmp_path / "cache").exists()


def test_a_folder_of_somebody_else_is_not_used(made_up, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "cache" / "cuda").symlink_to(tmp_path / "elsewhere")
    settings.warn_of_cache.cache_clear()
    with pytest.warns(CacheWarning, match="is a symbolic link"):
        CupyDevice().compile(TEXT, ["first"])
    assert not list((tmp_path / "elsewhere").iterdir())


def test_binaries_that_were_not_used_for_longest_go_first(made_up, monkeypatch, tmp_path):
    monkeypatch.setattr(binaries, "KEPT", 3)
    folder = tmp_path / "cache" / "cuda"
    for k in range(3):
        CupyDevice().compile(f"{TEXT}// {k}", ["first"])
    for k, path in enumerate(sorted(folder.iterdir())):
        os.utime(path, (k, k))
    oldest = min(folder.iterdir(), key=lambda path: path.stat().st_mtime)
    CupyDevice().compile(TEXT, ["first"])
    assert len(list(folder.iterdir())) == 3 and not oldest.exists()


# Launching


def test_arguments_arrive_in_their_order_and_shared_memory_is_asked_for_once(made_up):
    launches = CupyDevice().compile(TEXT, ["first", "second"])
    arguments = [np.int64(7), np.zeros(3), np.uint32(1)]
    launches["first"](4, 256, arguments)
    assert made_up.attributes == []
    for _ in range(2):
        launches["second"](1, 512, arguments, shared=100 << 10)
    assert made_up.attributes == [("address of second", 8, 100 << 10)]
    names, grids, blocks, given, shared = zip(*made_up.launched, strict=True)
    assert names == ("first", "second", "second")
    assert (grids, blocks, shared) == (((4,), (1,), (1,)), ((256,), (512,), (512,)), (0, 100 << 10, 100 << 10))
    for one in given:
        assert type(one) is tuple and all(a is b for a, b in zip(one, arguments, strict=True))


def test_the_tally_gets_the_shared_memory_that_its_histogram_takes(made_up):
    needed = tally_bytes(TALLY_THREADS)
    Kernels(CupyDevice(), "float32").tally(2, TALLY_THREADS, (), shared=needed)
    assert made_up.attributes == [("address of tally", 8, needed)]
    assert 64 << 10 < needed <= 99 << 10, "what compute capability 7.5 lacks and 8.6 has"


# Failing


@pytest.mark.parametrize("error", [OutOfMemoryError("out of memory"), MemoryError("std::bad_alloc: RMM")])
@pytest.mark.parametrize("what", ["upload", "empty", "zeros"])
def test_no_room_is_a_reason_to_split_the_work(made_up, what, error):
    device = CupyDevice()
    made_up.wrong[what] = error
    with pytest.raises(DeviceMemory, match=str(error)):
        device.upload(np.zeros(3)) if what == "upload" else getattr(device, what)(3, np.float64)


@pytest.mark.parametrize("what", ["launch", "download", "wait", "upload", "memory", "free"])
def test_what_cuda_says_is_a_lost_device(made_up, what):
    device = CupyDevice()
    launches = device.compile(TEXT, ["first"])
    calls = {
        "launch": lambda: launches["first"](1, 32, []),
        "download": lambda: device.download(np.zeros(1)),
        "wait": device.wait,
        "upload": lambda: device.upload(np.zeros(1)),
        "memory": device.free_bytes,
        "free": device.release,
    }
    made_up.wrong[what] = CudaError("CUDA_ERROR_LAUNCH_FAILED: unspecified launch failure\nmore")
    with pytest.raises(DeviceLost, match=r"^NVIDIA H200: CudaError: CUDA_.* failure; hint: see `nvidia-smi`$"):
        calls[what]()
    made_up.wrong[what] = ValueError("a defect of ours")
    with pytest.raises(ValueError, match="defect"):
        calls[what]()


@pytest.mark.parametrize(
    "error", [RuntimeError("Failed to find CUDA headers"), CudaError("invalid image"), OSError("no libnvrtc")]
)
@pytest.mark.parametrize("what", ["compile", "load"])
def test_what_cannot_be_compiled_is_an_error_with_a_remedy(made_up, monkeypatch, what, error):
    made_up.wrong[what] = error
    with pytest.raises(DeviceError, match=rf"cannot be compiled or loaded \({type(error).__name__}: {error}\); hint: "):
        CupyDevice().compile(TEXT, ["first"])
    monkeypatch.setattr("simengine.engine.devices.gpu_of_this_process", lambda: OnDevice(CupyDevice()))
    monkeypatch.setattr(workers, "_checked_gpu", workers._checked_gpu.__wrapped__)
    said = declared("auto")
    assert (said.family, said.failed) == ("cpu", True) and str(error) in said.why


@pytest.mark.parametrize(
    "error", [RuntimeError("plain"), CudaError("cudaErrorDevicesUnavailable"), AttributeError("x")]
)
def test_a_gpu_that_cannot_be_opened_is_none(made_up, error):
    made_up.wrong["use"] = error
    with pytest.raises(NoGpu, match=rf"the GPU cannot be used \({error}\)"):
        find.find_gpu()


def test_a_gpu_that_compiles_nothing_is_told_by_auto_by_doctor_and_by_who_asks_for_it(made_up, monkeypatch):
    made_up.wrong["compile"] = RuntimeError("Failed to find CUDA headers")
    monkeypatch.setattr("simengine.engine.devices.WORTH_A_GPU", 0.0)
    monkeypatch.setattr("simengine.engine.devices.has_cupy", lambda: True)
    monkeypatch.setattr("simengine.engine.devices.gpu_of_this_process", lambda: OnDevice(find.find_gpu()))
    plan = plan_of(REFERENCE_DEAL)
    with pytest.warns(DeviceWarning, match=r"Failed to find CUDA headers.*the processors compute this run"):
        assert run(plan, trials=2000, seed=1, device="auto").device == "cpu"
    with pytest.raises(DeviceLost, match="Failed to find CUDA headers") as lost:
        run(plan, trials=2000, seed=1, device="gpu")
    assert lost.value.exit_code == 3
    *_, found = gpu_findings()
    assert (found.subject, found.verdict) == ("GPU self-test", "wrong") and "CUDA headers" in found.text


def test_a_gpu_that_cannot_be_asked_is_an_error(made_up):
    made_up.wrong["memory"] = RuntimeError("plain")
    with pytest.raises(DeviceError, match=r"cannot be asked \(plain\)"):
        find.details()


def test_the_pool_is_emptied_at_the_end_and_a_lost_device_has_nothing_to_give_back(made_up):
    family = OnDevice(CupyDevice())
    family.release()
    assert made_up.freed == 1
    made_up.wrong["free"] = CudaError("context is destroyed")
    family.release()


# The real one


@pytest.mark.skipif(importlib.util.find_spec("cupy") is None, reason="CuPy is not installed")
def test_cupy_has_what_is_used_of_it():
    """The made-up module above is like the real one, as far as that can be seen without a GPU."""
    from cupy.cuda import compiler, driver, function, memory

    taken = inspect.signature(compiler.compile_using_nvrtc).parameters
    assert list(taken)[:3] == ["source", "options", "arch"] and "cache_in_memory" in taken
    assert {"load", "get_function"} <= set(dir(function.Module)) and "ptr" in dir(function.Function)
    assert driver.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES == 8 and callable(driver.funcSetAttribute)
    assert issubclass(memory.OutOfMemoryError, MemoryError)
    assert "-ftz=true" not in inspect.getsource(compiler.compile_using_nvrtc)
    assert "-ftz=true" not in inspect.getsource(compiler._compile_using_nvrtc_no_warning)
