import Executables
import Foundations
import LinuxABI
import Machine
import Processes
import Scheduler
import Scheduling
import Security
import Signals
import SyntheticFiles
import Terminals
import VFS
import VirtualMemory

/// `/proc/pid/stat`: 52 fields in a line. Source: proc(5).
enum StatText {
  static func write(_ subject: Subject, to text: inout TextBuffer) throws(Errno) {
    let view = try TaskView(subject)
    let mayInspect = subject.allowsInspection()
    text.write(decimal: Int(subject.identifier.number))
    text.write(" (")
    text.write(view.name.bytes)
    text.write(") ")
    text.write(byte: view.state.rawValue)
    writePlace(view, to: &text)
    writeUse(view, to: &text)
    writeMemory(view, mayInspect, to: &text)
    writeSignals(view, to: &text)
    // wchan, nswap, cnswap.
    text.write(view.state == .running || !mayInspect ? " 0 0 0" : " 1 0 0")
    writeScheduling(view, to: &text)
    // delayacct_blkio_ticks, guest_time, cguest_time.
    text.write(" 0 0 0")
    writeLayout(view, mayInspect, to: &text)
    text.field(mayInspect ? Int(view.relations.status.rawValue) : 0)
    text.write("\n")
  }

  /// Fields 4 to 9: ppid, pgrp, session, tty_nr, tpgid, flags.
  private static func writePlace(_ view: TaskView, to text: inout TextBuffer) {
    text.field(Int(view.relations.parent))
    text.field(Int(view.relations.group))
    text.field(Int(view.relations.session))
    if let terminal = view.process.terminal {
      text.field(DeviceNumber(terminal.major, terminal.minor).encoded)
      let foreground = terminal.foregroundGroup
      text.field(foreground == 0 ? -1 : Int(foreground))
    } else {
      text.write(" 0 -1")
    }
    // PF_FORKNOEXEC: all that is true of a program's flags and asked for. Source: Linux linux/sched.h.
    text.write(view.process.hasExecuted ? " 0" : " 64")
  }

  /// Fields 10 to 22: page faults, times, priorities, threads, start.
  private static func writeUse(_ view: TaskView, to text: inout TextBuffer) {
    let (own, children) = (view.usage, view.relations.childrenUsage)
    text.field(own.minorFaults)
    text.field(children.minorFaults)
    text.field(own.majorFaults)
    text.field(children.majorFaults)
    text.field(own.userNanoseconds / ClockRate.tickNanoseconds)
    text.field(own.systemNanoseconds / ClockRate.tickNanoseconds)
    text.field(children.userNanoseconds / ClockRate.tickNanoseconds)
    text.field(children.systemNanoseconds / ClockRate.tickNanoseconds)
    let parameters = view.task?.thread?.parameters ?? SchedulingParameters()
    text.field(parameters.shownPriority)
    text.field(Int(parameters.nice.rawValue))
    text.field(max(1, view.process.taskCount))
    // itrealvalue, which is no more.
    text.write(" 0")
    text.field((view.task?.startNanoseconds ?? view.process.startNanoseconds) / ClockRate.tickNanoseconds)
  }

  /// Fields 23 to 30: vsize, rss, rsslim, startcode, endcode, startstack, kstkesp, kstkeip.
  private static func writeMemory(_ view: TaskView, _ mayInspect: Bool, to text: inout TextBuffer) {
    let usage = view.memory?.space.usage ?? AddressSpaceUsage()
    text.field(UInt64(max(0, usage.total)) << 12)
    text.field(usage.resident)
    text.field(view.process.limit(.RLIMIT_RSS))
    guard let program = view.memory?.program.loaded else { return text.write(" 0 0 0 0 0") }
    text.field(mayInspect ? program.code.lowerBound : 1)
    text.field(mayInspect ? program.code.upperBound : 1)
    text.field(mayInspect ? program.stackPointer : 0)
    text.write(" 0 0")
  }

  /// Fields 31 to 34: signal, blocked, sigignore, sigcatch, of which only the lower 31 are shown.
  private static func writeSignals(_ view: TaskView, to text: inout TextBuffer) {
    guard let signals = view.task?.signalSummary else { return text.write(" 0 0 0 0") }
    for set in [signals.pending, signals.blocked, signals.ignored, signals.caught] {
      text.field(set.rawValue & 0x7fff_ffff)
    }
  }

  /// Fields 38 to 41: exit_signal, processor, rt_priority, policy.
  private static func writeScheduling(_ view: TaskView, to text: inout TextBuffer) {
    text.field(view.process.exitSignal.map { Int($0.rawValue) } ?? 0)
    let thread = view.task?.thread
    text.field(thread?.lastProcessor ?? 0)
    let parameters = thread?.parameters ?? SchedulingParameters()
    text.field(Int(parameters.priority))
    text.field(Int(parameters.policy.shownNumber))
  }

  /// Fields 45 to 51: start_data, end_data, start_brk, arg_start, arg_end, env_start, env_end.
  private static func writeLayout(_ view: TaskView, _ mayInspect: Bool, to text: inout TextBuffer) {
    guard mayInspect, let program = view.memory?.program.loaded else { return text.write(" 0 0 0 0 0 0 0") }
    text.field(program.data.lowerBound)
    text.field(program.data.upperBound)
    text.field(program.heapStart)
    text.field(program.arguments.lowerBound)
    text.field(program.arguments.upperBound)
    text.field(program.environment.lowerBound)
    text.field(program.environment.upperBound)
  }
}

extension TextBuffer {
  /// Writes a space and `value`.
  mutating func field(_ value: Int) {
    write(byte: 0x20)
    write(decimal: value)
  }

  /// Writes a space and `value`.
  mutating func field(_ value: UInt64) {
    write(byte: 0x20)
    write(decimal: value)
  }
}

extension SchedulingParameters {
  /// The number that is less for the more urgent. Source: proc(5), `/proc/pid/stat`, field 18.
  var shownPriority: Int {
    switch policy {
    case .stop, .deadline: -101
    case .fifo, .roundRobin: -1 - Int(priority)
    case .normal, .batch, .idle: 20 + Int(nice.rawValue)
    }
  }
}

extension SchedulingParameters.Policy {
  /// The number that programs know it by: the kernel's own looks like the highest.
  var shownNumber: UInt8 { self == .stop ? SchedulingParameters.Policy.fifo.rawValue : rawValue }
}

/// `/proc/pid/timerslack_ns`. Source: proc(5).
enum TimerSlackText {
  /// - Throws: `EINVAL`; `EPERM` for another process's without CAP_SYS_NICE.
  static func set(_ subject: Subject, _ text: Span<UInt8>) throws(Errno) {
    guard let value = ControlText.integer(text), value >= 0 else { throw .EINVAL }
    let task = try subject.livingTask()
    if let caller = subject.system.caller(), caller.process !== task.process {
      try caller.credentials.require(.CAP_SYS_NICE)
    }
    task.settings.timerSlack = UInt64(value)
  }
}
