import Foundations
import Interrupts
import Machine

/// Why a test failed. The text is kept behind a reference, so that passing a failure on is cheap wherever something may throw.
struct TestFailure: Error {
  private final class Text: Sendable {
    let message: Message
    init(_ message: Message) { self.message = message }
  }

  private let text: Text

  @inline(never)
  init(reason: Message) { text = Text(reason) }

  var reason: Message { text.message }
}

/// Fails the test unless `condition` holds.
@inline(never)
func expect(_ condition: Bool, _ reason: Message) throws(TestFailure) {
  guard condition else { throw TestFailure(reason: reason) }
}

/// Receives every test of the kernel once, and lists or runs those that were asked for.
///
/// Tests are visited instead of stored, so that the registry needs neither memory nor a lazily initialized global.
struct TestRegistrar: ~Copyable {
  enum Task {
    case list
    case run
  }

  private let task: Task
  private let selection: NameSelection
  private var serial = EarlyTextSink()
  private(set) var passed = 0
  private(set) var failed = 0

  init(_ task: Task, _ selection: consuming NameSelection) {
    self.task = task
    self.selection = selection
  }

  /// A test that returns, or throws what did not hold.
  ///
  /// - Parameter machine: where it must run; `all` and its group do not choose a test that cannot run everywhere.
  @inline(never)
  mutating func test(_ name: String, on machine: TestMachine? = nil, _ body: () throws(TestFailure) -> Void) {
    switch task {
    case .list:
      writeListing(name, machine)
      serial.write("\n")
    case .run where machine == nil ? selection.contains(name) : selection.namesExactly(name):
      writeLine("test: begin ", name)
      do throws(TestFailure) {
        try body()
        passed += 1
        writeLine("test: pass ", name)
      } catch {
        failed += 1
        serial.write("test: fail ")
        serial.write(name)
        serial.write(": ")
        serial.write(error.reason)
        serial.write("\n")
      }
    case .run: break
    }
  }

  /// A test whose body never returns because it ends in `fault`, whose report must contain `reportContents`.
  mutating func fault(
    _ name: String, _ fault: InterruptVector, on machine: TestMachine? = nil, report first: String,
    _ second: String = "", _ third: String = "", _ body: () -> Void
  ) {
    switch task {
    case .list:
      writeListing(name, machine)
      serial.write("|")
      serial.write(fault.mnemonic ?? "")
      writeContents(first)
      writeContents(second)
      writeContents(third)
      serial.write("\n")
    case .run where selection.namesExactly(name):
      writeLine("test: begin ", name)
      ExpectedFault.expect(fault, by: name)
      body()
      ExpectedFault.clear()
      failed += 1
      serial.write("test: fail ")
      serial.write(name)
      serial.write(": no fault arrived\n")
    case .run: break
    }
  }

  private mutating func writeListing(_ name: String, _ machine: TestMachine?) {
    serial.write("test: list ")
    serial.write(name)
    if let memory = machine?.memory {
      serial.write(" memory=")
      serial.write(memory)
    }
    if let processor = machine?.processor {
      serial.write(" cpu=")
      serial.write(processor)
    }
    if let count = machine?.processorCount {
      serial.write(" cpus=")
      serial.write(decimal: count)
    }
    if let device = machine?.device {
      serial.write(" device=")
      serial.write(device)
    }
    if machine?.hasModule ?? false { serial.write(" module") }
  }

  private mutating func writeContents(_ text: String) {
    guard !text.utf8.isEmpty else { return }
    serial.write("|")
    serial.write(text)
  }

  private mutating func writeLine(_ prefix: String, _ name: String) {
    serial.write(prefix)
    serial.write(name)
    serial.write("\n")
  }
}
