import Foundations
import Interrupts
import Logging
import Machine
import PageCache
import Processes
import Security
import Signals
import SystemCalls
import VDSO
import VirtualMemory

/// What processes are given by the kernel as a whole.
final class KernelPrograms: ProgramProvider {
  override var hardwareCapabilities: UInt64 { UInt64(ProcessorIdentification().read(leaf: 1, subleaf: 0).edx) }
  override var signalStackByteCount: UInt64 { SignalFrame.byteCountLimit }
  override func random() -> UInt64 { SystemRandom.next() }
  override func mapSharedObject(into space: AddressSpace) throws(Errno) -> UInt64 { try VirtualDSO.map(into: space) }
}

/// Traces of system calls go to the log.
final class TraceLog: TraceReceiver {
  override func receive(_ task: Task, _ line: Span<UInt8>) {
    var text: Message = "[\(task.threadIdentifier)] "
    text.write(line)
    KernelLog.add(.info, .kernel, text)
    KernelLog.flush()
  }
}

/// What programs may ask of the machine as a whole.
final class KernelMachineServices: MachineServices {
  private let systemLog = KernelLog.makeSystemLog()

  override var log: SystemLog? { systemLog }

  override func powerOff() -> Never {
    KernelLog.add(.notice, .kernel, "power off")
    KernelLog.flush()
    Power.shutDownDevices()
    Power.off()
  }

  override func restart() -> Never {
    KernelLog.add(.notice, .kernel, "restart")
    KernelLog.flush()
    Power.shutDownDevices()
    Power.restart()
  }

  override func halt() -> Never {
    KernelLog.add(.notice, .kernel, "halted")
    KernelLog.flush()
    Power.shutDownDevices()
    ProcessorMessages.stopOthers()
    Machine.halt()
  }

  override func memoryStatistics() -> MemoryStatistics { KernelMemory.statistics() }
}

/// What is left to the kernel when tasks end.
final class KernelTaskEnds: TaskEndHook {
  override func firstProcessEnded(_ status: ExitStatus) -> Never {
    KernelLog.add(.emergency, .kernel, "the first process has ended, with status \(hex: status.rawValue)")
    KernelLog.flush()
    fatalError("the first process has ended")
  }
}
