import Foundations
import LinuxABI
import Machine
import Processes
import Scheduler
import Scheduling
import Security
import SyntheticFiles

/// `/proc/pid/schedstat` and `/proc/pid/sched`.
enum SchedulingText {
  private static let nameWidth = 45
  private static let wholeWidth = 21
  private static let millisecondWidth = 14

  /// Writes the time on CPUs, the time ready, and the number of turns.
  static func writeTimes(_ subject: Subject, to text: inout TextBuffer) throws(Errno) {
    let account = try subject.task()?.thread?.account ?? EntityAccount()
    text.write(decimal: account.running)
    text.field(account.waiting)
    text.field(account.turns)
    text.write("\n")
  }

  /// Writes `sched`: of what Linux 6.1 shows, what there is here. Source: Linux kernel/sched/debug.c.
  static func write(_ subject: Subject, to text: inout TextBuffer) throws(Errno) {
    let view = try TaskView(subject)
    let account = view.task?.thread?.account ?? EntityAccount()
    let parameters = view.task?.thread?.parameters ?? SchedulingParameters()
    text.write(view.name.bytes)
    text.write(" (")
    text.write(decimal: Int(subject.identifier.number))
    text.write(", #threads: ")
    text.write(decimal: max(1, view.process.taskCount))
    text.write(")\n")
    text.write(repeating: 0x2d, count: 67)
    text.write("\n")
    line("se.sum_exec_runtime", to: &text)
    text.write(decimal: account.running / 1_000_000, width: millisecondWidth)
    text.write(".")
    text.write(decimal: account.running % 1_000_000, width: 6, padding: 0x30)
    text.write("\n")
    line("se.nr_migrations", account.migrations, to: &text)
    line("nr_switches", account.voluntarySwitches + account.involuntarySwitches, to: &text)
    line("nr_voluntary_switches", account.voluntarySwitches, to: &text)
    line("nr_involuntary_switches", account.involuntarySwitches, to: &text)
    line("policy", UInt64(parameters.policy.shownNumber), to: &text)
    // Never negative but for what comes before all others.
    line("prio", UInt64(max(0, parameters.shownPriority + 100)), to: &text)
  }

  private static func line(_ name: String, _ value: UInt64, to text: inout TextBuffer) {
    line(name, to: &text)
    text.write(decimal: value, width: wholeWidth)
    text.write("\n")
  }

  private static func line(_ name: String, to text: inout TextBuffer) {
    let start = text.count
    text.write(name)
    text.pad(from: start, to: nameWidth)
    text.write(":")
  }
}

/// `/proc/pid/io`. Source: proc(5).
enum TransferText {
  /// How many bytes a block of getrusage(2) has.
  private static let blockByteCount: UInt64 = 512

  static func write(_ subject: Subject, to text: inout TextBuffer) throws(Errno) {
    let usage = try TaskView(subject).usage
    // What goes through calls is not counted, only what goes to devices.
    text.write("rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\nread_bytes: ")
    text.write(decimal: usage.inputBlocks * blockByteCount)
    text.write("\nwrite_bytes: ")
    text.write(decimal: usage.outputBlocks * blockByteCount)
    text.write("\ncancelled_write_bytes: 0\n")
  }
}

/// `/proc/pid/loginuid`. Source: proc(5); Linux kernel/audit.c.
enum LoginText {
  /// Notes who logged in, for a task of the process itself.
  ///
  /// - Throws: `EINVAL`; `EPERM` for another's process, and for changing what is set without CAP_AUDIT_CONTROL.
  static func set(_ subject: Subject, _ text: Span<UInt8>) throws(Errno) {
    guard let value = ControlText.integer(text), let user = UInt32(exactly: value) else { throw .EINVAL }
    let process = try subject.process()
    if let caller = subject.system.caller() {
      guard caller.process === process else { throw .EPERM }
      if process.login.isSet { try caller.credentials.require(.CAP_AUDIT_CONTROL) }
    }
    process.logIn(user)
  }
}
