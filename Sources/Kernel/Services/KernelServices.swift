import DeviceFileSystem
import Foundations
import Logging
import Machine
import Processes
import SystemCalls

/// What processes are given by the kernel as a whole.
final class KernelPrograms: ProgramProvider {
  override var hardwareCapabilities: UInt64 { UInt64(ProcessorIdentification().read(leaf: 1, subleaf: 0).edx) }
  override func random() -> UInt64 { SystemRandomNumberGenerator.next64() }
}

extension SystemRandomNumberGenerator {
  static func next64() -> UInt64 {
    var generator = SystemRandomNumberGenerator()
    return generator.next()
  }
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

/// Random bytes for /dev/random and /dev/urandom.
final class KernelRandomSource: RandomSource {
  override func fill(_ bytes: inout MutableSpan<UInt8>) {
    var word: UInt64 = 0
    for index in bytes.indices {
      if index & 7 == 0 { word = SystemRandomNumberGenerator.next64() }
      bytes[index] = UInt8(truncatingIfNeeded: word)
      word >>= 8
    }
  }
}

/// What is left to the kernel when tasks end.
final class KernelTaskEnds: TaskEndHook {
  override func firstProcessEnded(_ status: ExitStatus) -> Never {
    KernelLog.add(.emergency, .kernel, "the first process has ended, with status \(hex: status.rawValue)")
    KernelLog.flush()
    fatalError("the first process has ended")
  }
}
