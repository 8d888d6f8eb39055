import Foundations
import Interrupts
import Machine
import Synchronization

/// The fault that the running test waits for, if it waits for one.
enum ExpectedFault {
  private static let vector = Atomic<Int>(-1)
  private static let name = BootCell<Message>()

  static func expect(_ fault: InterruptVector, by test: String) {
    var message = Message()
    message.write(test)
    name.fill(message)
    vector.store(Int(fault.rawValue), ordering: .relaxed)
  }

  static func clear() { vector.store(-1, ordering: .relaxed) }

  /// Ends the boot with the test's verdict, now that `fault` has been reported; returns when no test is running.
  static func judge(_ fault: InterruptVector) {
    let expected = vector.load(ordering: .relaxed)
    guard expected >= 0 else { return }
    var serial = EarlyTextSink()
    let isExpected = expected == Int(fault.rawValue)
    serial.write(isExpected ? "\ntest: pass " : "\ntest: fail ")
    name.withValue { serial.write($0) }
    serial.write(isExpected ? "\n" : ": another fault arrived\n")
    Machine.exitToEmulator(status: isExpected ? KernelTests.passedStatus : KernelTests.failedStatus)
  }
}
