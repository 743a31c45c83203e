"""What ptxas reports of each kernel, and how many of its blocks a multiprocessor holds at once."""
import re
import subprocess
from dataclasses import dataclass

from document import operation_of


@dataclass(frozen=True)
class Kernel:
    """One entry function for one architecture; stack and spilled in bytes a thread."""
    operation: str
    scratch: str  # "shared" or "device": where its scratch memory is
    architecture: str
    registers: int
    stack: int
    spilled: int


def scratch_of(name):
    """Where the scratch memory of a kernel with this demangled name is."""
    return "device" if "ScratchIn)1" in name else "shared"


def read_report(text):
    """The kernels of a build's output under `-Xptxas=-v`; Thrust's are not ours to judge."""
    parts = re.split(r"Compiling entry function ", text)[1:]
    heads = [re.match(r"'(\S+)' for '(\S+)'", part).groups() for part in parts]
    names = subprocess.run(["c++filt"], input="\n".join(name for name, _ in heads), capture_output=True, text=True,
                           check=True).stdout.splitlines()
    return [Kernel(operation_of(name), scratch_of(name), architecture,
                   int(re.search(r"Used (\d+) registers", part).group(1)),
                   int(re.search(r"(\d+) bytes stack frame", part).group(1)),
                   sum(int(n) for n in re.findall(r"(\d+) bytes spill", part)))
            for part, name, (_, architecture) in zip(parts, names, heads) if "innerloop::" in name]


@dataclass(frozen=True)
class Multiprocessor:
    """Limits of an architecture: CUDA C++ Programming Guide, technical specifications per compute capability."""
    warps: int
    blocks: int
    shared_bytes: int
    reserved_bytes: int  # of shared memory, in each block


KIB = 1024
MULTIPROCESSORS = {
    "sm_75": Multiprocessor(32, 16, 64 * KIB, 0),
    "sm_80": Multiprocessor(64, 32, 164 * KIB, KIB),
    "sm_86": Multiprocessor(48, 16, 100 * KIB, KIB),
    "sm_89": Multiprocessor(48, 24, 100 * KIB, KIB),
    "sm_90": Multiprocessor(64, 32, 228 * KIB, KIB),
    "sm_100": Multiprocessor(64, 32, 228 * KIB, KIB),
    "sm_120": Multiprocessor(48, 24, 100 * KIB, KIB),
}


def round_up(value, granularity):
    return -(-value // granularity) * granularity


def resident_blocks(architecture, registers, threads, shared_bytes):
    """Blocks that a multiprocessor holds at once, by the rules of the toolkit's cuda_occupancy.h; 0: does not fit."""
    limits = MULTIPROCESSORS[architecture]
    warps = round_up(threads, 32) // 32
    # 64 Ki registers in four partitions, given to a warp in units of 256.
    warps_by_registers = 4 * (16 * KIB // round_up(registers * 32, 256))
    blocks = min(limits.warps // warps, limits.blocks, warps_by_registers // warps)
    shared = round_up(shared_bytes + limits.reserved_bytes, 256 if architecture == "sm_75" else 128)
    return min(blocks, limits.shared_bytes // shared) if shared else blocks
