import Executables
import Foundations
import LinuxABI
import Machine
import Processes
import Scheduler
import Scheduling
import Security
import Signals
import Synchronization
import SyntheticFiles
import VFS
import VirtualMemory

/// `/proc/pid/status` and `/proc/pid/statm`. Source: proc(5); the order is that of Linux 6.12.
enum StatusText {
  static func write(_ subject: Subject, to text: inout TextBuffer) throws(Errno) {
    let view = try TaskView(subject)
    writeIdentity(subject, view, to: &text)
    if let memory = view.memory { writeMemory(memory, to: &text) }
    text.write("CoreDumping:\t0\nTHP_enabled:\t")
    text.write(AddressSpace.hugePages == .never ? "0\n" : "1\n")
    text.line("Threads:\t", view.process.taskCount)
    writeSignals(view, to: &text)
    writeRights(view, to: &text)
    writePlacement(view, to: &text)
  }

  private static func writeIdentity(_ subject: Subject, _ view: TaskView, to text: inout TextBuffer) {
    text.write("Name:\t")
    text.write(escapingName: view.name.bytes)
    text.write("\n")
    if let task = view.task {
      text.write("Umask:\t0")
      let mask = UInt64(task.resourcesForOthers.context.mask)
      if mask < 0o100 { text.write("0") }
      if mask < 0o10 { text.write("0") }
      text.write(octal: mask)
      text.write("\n")
    }
    text.write("State:\t")
    text.write(view.state.name.description)
    text.write("\n")
    let number = Int(view.process.number)
    text.line("Tgid:\t", number)
    text.write("Ngid:\t0\n")
    text.line("Pid:\t", Int(subject.identifier.number))
    text.line("PPid:\t", Int(view.relations.parent))
    text.write("TracerPid:\t0\n")
    let credentials = view.task?.credentialsForOthers ?? view.process.credentialsForOthers
    let (users, groups) = (credentials.users, credentials.groups)
    text.write("Uid:")
    text.tab(users.real.rawValue, users.effective.rawValue, users.saved.rawValue, users.fileSystem.rawValue)
    text.write("Gid:")
    text.tab(groups.real.rawValue, groups.effective.rawValue, groups.saved.rawValue, groups.fileSystem.rawValue)
    text.line("FDSize:\t", view.task.map { max(64, $0.resourcesForOthers.files.count) } ?? 0)
    text.write("Groups:\t")
    if let list = credentials.supplementary {
      for index in 0..<list.count {
        text.write(decimal: UInt64(list[index].rawValue))
        text.write(" ")
      }
    }
    text.write("\n")
    text.line("NStgid:\t", number)
    text.line("NSpid:\t", Int(subject.identifier.number))
    text.line("NSpgid:\t", Int(view.relations.group))
    text.line("NSsid:\t", Int(view.relations.session))
    text.write("Kthread:\t0\n")
  }

  private static func writeMemory(_ memory: ProgramMemory, to text: inout TextBuffer) {
    let usage = memory.space.usage
    let residence = memory.space.residence
    let program = memory.program.loaded
    // As Linux counts: what is executable and not the program's own belongs to libraries.
    let own = min(usage.code, Int((program.code.upperBound &- program.code.lowerBound &+ 4_095) >> 12))
    text.pages("VmPeak:\t", usage.peakTotal)
    text.pages("VmSize:\t", usage.total)
    text.pages("VmLck:\t", usage.locked)
    text.pages("VmPin:\t", 0)
    text.pages("VmHWM:\t", max(usage.peakResident, usage.resident))
    text.pages("VmRSS:\t", residence.total)
    text.pages("RssAnon:\t", residence.anonymous)
    text.pages("RssFile:\t", residence.file)
    text.pages("RssShmem:\t", residence.shared)
    text.pages("VmData:\t", usage.data)
    text.pages("VmStk:\t", usage.stack)
    text.pages("VmExe:\t", own)
    text.pages("VmLib:\t", usage.code - own)
    text.pages("VmPTE:\t", usage.pageTables)
    text.pages("VmSwap:\t", 0)
    text.pages("HugetlbPages:\t", 0)
  }

  private static func writeSignals(_ view: TaskView, to text: inout TextBuffer) {
    guard let signals = view.task?.signalSummary else { return text.write("SigQ:\t0/0\n") }
    text.write("SigQ:\t")
    text.write(decimal: signals.queued.count)
    text.write("/")
    text.write(decimal: signals.queued.limit)
    text.write("\n")
    text.set("SigPnd:\t", signals.pending.rawValue)
    text.set("ShdPnd:\t", signals.processPending.rawValue)
    text.set("SigBlk:\t", signals.blocked.rawValue)
    text.set("SigIgn:\t", signals.ignored.rawValue)
    text.set("SigCgt:\t", signals.caught.rawValue)
  }

  private static func writeRights(_ view: TaskView, to text: inout TextBuffer) {
    let credentials = view.task?.credentialsForOthers ?? view.process.credentialsForOthers
    text.set("CapInh:\t", credentials.inheritable.rawValue)
    text.set("CapPrm:\t", credentials.permitted.rawValue)
    text.set("CapEff:\t", credentials.effective.rawValue)
    text.set("CapBnd:\t", credentials.bounding.rawValue)
    text.set("CapAmb:\t", credentials.ambient.rawValue)
    text.line("NoNewPrivs:\t", view.task?.hasNoNewPrivileges.load(ordering: .relaxed) ?? false ? 1 : 0)
    let filterCount = view.task?.callFilter?.filterCount ?? 0
    text.line("Seccomp:\t", filterCount > 0 ? 2 : 0)
    text.line("Seccomp_filters:\t", filterCount)
  }

  private static func writePlacement(_ view: TaskView, to text: inout TextBuffer) {
    let allowed = (view.task?.thread?.allowedProcessors ?? .max) & Processor.online
    text.write("Cpus_allowed:\t")
    text.write(processorMask: allowed)
    text.write("\nCpus_allowed_list:\t")
    text.write(processorList: allowed)
    text.write("\nMems_allowed:\t1\nMems_allowed_list:\t0\n")
    text.write("voluntary_ctxt_switches:\t")
    text.write(decimal: view.usage.voluntarySwitches)
    text.write("\nnonvoluntary_ctxt_switches:\t")
    text.write(decimal: view.usage.involuntarySwitches)
    text.write("\n")
  }

  /// `statm`: size, resident, shared, text, lib, data, dt, in pages.
  static func writeMemory(_ subject: Subject, to text: inout TextBuffer) throws(Errno) {
    guard let memory = try subject.memory() else {
      _ = try subject.process()
      return text.write("0 0 0 0 0 0 0\n")
    }
    let usage = memory.space.usage
    let residence = memory.space.residence
    let program = memory.program.loaded
    text.write(decimal: usage.total)
    text.field(residence.total)
    text.field(residence.file + residence.shared)
    text.field((program.code.upperBound &- program.code.lowerBound &+ 4_095) >> 12)
    text.write(" 0")
    text.field(usage.data + usage.stack)
    text.write(" 0\n")
  }
}

extension TextBuffer {
  /// Writes `name`, a number and a newline.
  mutating func line(_ name: String, _ value: Int) {
    write(name)
    write(decimal: value)
    write("\n")
  }

  /// Writes `name`, pages as kilobytes, and a newline.
  fileprivate mutating func pages(_ name: String, _ pages: Int) {
    write(name)
    write(decimal: UInt64(max(0, pages)) << 2, width: 8)
    write(" kB\n")
  }

  /// Writes `name`, a set as 16 digits, and a newline.
  mutating func set(_ name: String, _ bits: UInt64) {
    write(name)
    write(hex: bits, width: 16)
    write("\n")
  }

  fileprivate mutating func tab(_ first: UInt32, _ second: UInt32, _ third: UInt32, _ fourth: UInt32) {
    write("\t")
    write(decimal: UInt64(first))
    write("\t")
    write(decimal: UInt64(second))
    write("\t")
    write(decimal: UInt64(third))
    write("\t")
    write(decimal: UInt64(fourth))
    write("\n")
  }

  /// Writes a name of a task with newlines and backslashes written as such. Source: proc(5), `/proc/pid/status`, `Name`.
  fileprivate mutating func write(escapingName bytes: Span<UInt8>) {
    for index in bytes.indices {
      switch bytes[index] {
      case 0x0a: write("\\n")
      case 0x5c: write("\\\\")
      default: write(byte: bytes[index])
      }
    }
  }
}
