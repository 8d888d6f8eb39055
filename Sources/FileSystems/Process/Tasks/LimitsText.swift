import Foundations
import LinuxABI
import Processes
import SyntheticFiles

/// `/proc/pid/limits`. Source: proc(5); the columns are those of Linux 6.12.
enum LimitsText {
  static func write(_ subject: Subject, to text: inout TextBuffer) throws(Errno) {
    let limits = try subject.process().limits
    text.write("Limit                     Soft Limit           Hard Limit           Units     \n")
    line("Max cpu time", limits[.RLIMIT_CPU], "seconds", to: &text)
    line("Max file size", limits[.RLIMIT_FSIZE], "bytes", to: &text)
    line("Max data size", limits[.RLIMIT_DATA], "bytes", to: &text)
    line("Max stack size", limits[.RLIMIT_STACK], "bytes", to: &text)
    line("Max core file size", limits[.RLIMIT_CORE], "bytes", to: &text)
    line("Max resident set", limits[.RLIMIT_RSS], "bytes", to: &text)
    line("Max processes", limits[.RLIMIT_NPROC], "processes", to: &text)
    line("Max open files", limits[.RLIMIT_NOFILE], "files", to: &text)
    line("Max locked memory", limits[.RLIMIT_MEMLOCK], "bytes", to: &text)
    line("Max address space", limits[.RLIMIT_AS], "bytes", to: &text)
    line("Max file locks", limits[.RLIMIT_LOCKS], "locks", to: &text)
    line("Max pending signals", limits[.RLIMIT_SIGPENDING], "signals", to: &text)
    line("Max msgqueue size", limits[.RLIMIT_MSGQUEUE], "bytes", to: &text)
    line("Max nice priority", limits[.RLIMIT_NICE], "", to: &text)
    line("Max realtime priority", limits[.RLIMIT_RTPRIO], "", to: &text)
    line("Max realtime timeout", limits[.RLIMIT_RTTIME], "us", to: &text)
  }

  private static func line(
    _ name: String, _ limit: ResourceLimits.Limit, _ unit: String, to text: inout TextBuffer
  ) {
    column(26, to: &text) { $0.write(name) }
    column(21, to: &text) { $0.write(limit: limit.current) }
    column(21, to: &text) { $0.write(limit: limit.maximum) }
    if !unit.isEmpty { column(10, to: &text) { $0.write(unit) } }
    text.write("\n")
  }

  private static func column(_ width: Int, to text: inout TextBuffer, _ body: (inout TextBuffer) -> Void) {
    let start = text.count
    body(&text)
    text.pad(from: start, to: width)
  }
}

extension TextBuffer {
  fileprivate mutating func write(limit: UInt64) {
    if limit == ResourceLimits.infinity { write("unlimited") } else { write(decimal: limit) }
  }
}
