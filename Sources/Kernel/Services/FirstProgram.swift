import BootInformation
import Executables
import Foundations
import LinuxABI
import Logging
import Machine
import Processes
import Synchronization
import Time
import VFS
import Waiting

/// What the first task does before it runs a program: opens the console, and executes the first program that can be.
///
/// Source: Linux, Documentation/admin-guide/kernel-parameters, `init` and `rdinit`.
final class FirstProgram: TaskBeginning {
  /// What is tried, in this order, where the command line does not say.
  private static let candidates: InlineArray<5, StaticString> = [
    "/init", "/sbin/init", "/etc/init", "/bin/init", "/bin/sh",
  ]

  /// How far it is.
  private enum Progress: UInt8 {
    case absent
    case loaded
    case released
  }

  private static let progress = Atomic<UInt8>(Progress.absent.rawValue)
  private static let changes = WaitQueue()

  private let line: InitialArguments

  init(_ line: InitialArguments) {
    self.line = line
    super.init()
  }

  /// Waits until a program is loaded.
  ///
  /// - Throws: `ETIMEDOUT` when that takes longer than `timeoutNanoseconds`.
  static func waitUntilLoaded(timeoutNanoseconds: UInt64) throws(Errno) {
    try changes.wait(.nothing, deadline: Clock.nanoseconds &+ timeoutNanoseconds) { has(.loaded) }
  }

  /// Lets it run: boot is over, so that what it prints stands behind what the kernel does.
  static func release() { advance(to: .released) }

  private static func has(_ wanted: Progress) -> Bool {
    progress.load(ordering: .sequentiallyConsistent) >= wanted.rawValue
  }

  private static func advance(to next: Progress) {
    progress.store(next.rawValue, ordering: .sequentiallyConsistent)
    changes.wakeAll()
  }

  override func run(_ task: Task, _ registers: borrowing UserContext) {
    load(task, registers)
    Self.advance(to: .loaded)
    // Nothing interrupts it.
    try? Self.changes.wait(.nothing) { Self.has(.released) }
  }

  private func load(_ task: Task, _ registers: borrowing UserContext) {
    openConsole(task)
    if line.program.count > 0 {
      if start(task, line.program.bytes, registers) { return }
    } else {
      for index in Self.candidates.indices {
        var path = Message()
        path.write(Self.candidates[index].description)
        if start(task, path.bytes, registers) { return }
      }
    }
    KernelLog.add(.emergency, .kernel, "no first program can be executed; see init= and the initial file system")
    KernelLog.flush()
    fatalError("no first program")
  }

  /// Opens the console as descriptors 0 to 2.
  private func openConsole(_ task: Task) {
    let path: Message = "/dev/console"
    do throws(Errno) {
      let file = try task.actor.open(path.bytes, .O_RDWR)
      for _ in 0..<3 { _ = try task.files.add(file, limit: 3, closesOnExecution: false) }
    } catch {
      KernelLog.add(.warning, .kernel, "the first program has no console: error \(error.rawValue)")
    }
  }

  private func start(_ task: Task, _ path: Span<UInt8>, _ registers: borrowing UserContext) -> Bool {
    do throws(Errno) {
      let file = try task.openExecutable(path)
      var arguments = ArgumentList(stackLimit: task.process.limit(.RLIMIT_STACK))
      try arguments.append(argument: path)
      try line.add(to: &arguments)
      try task.execute(file, path: path, &arguments, registers)
      var text: Message = "runs "
      text.write(path)
      text.write(" as the first program")
      KernelLog.add(.info, .kernel, text)
      KernelLog.flush()
      return true
    } catch {
      guard error != .ENOENT || line.program.count > 0 else { return false }
      var text: Message = "cannot execute "
      text.write(path)
      text.write(": error \(error.rawValue)")
      KernelLog.add(.error, .kernel, text)
      KernelLog.flush()
      return false
    }
  }
}
