import Foundations
import LinuxABI
import Machine
import PageCache
import Processes
import Security
import Synchronization
import SyntheticFiles

/// How likely a process is to be killed for want of memory: `oom_score`, `oom_score_adj`, and the older `oom_adj`. Source: proc(5).
enum OutOfMemoryText {
  private static let limit: Int32 = 1_000
  /// What `oom_adj` may be, and the value that means never.
  private static let oldLimits: ClosedRange<Int32> = -17...15

  static func writeScore(_ subject: Subject, to text: inout TextBuffer) throws(Errno) {
    let total = subject.system.facts.memoryStatistics().total
    text.write(decimal: ProcessCandidate(try subject.process()).score(total: total))
    text.write("\n")
  }

  static func writeAdjustment(_ subject: Subject, to text: inout TextBuffer) throws(Errno) {
    text.write(decimal: Int(try adjustment(of: subject)))
    text.write("\n")
  }

  static func writeOldAdjustment(_ subject: Subject, to text: inout TextBuffer) throws(Errno) {
    let adjustment = try adjustment(of: subject)
    text.write(decimal: adjustment == limit ? Int(oldLimits.upperBound) : Int(adjustment * 17 / limit))
    text.write("\n")
  }

  private static func adjustment(of subject: Subject) throws(Errno) -> Int32 {
    try subject.process().outOfMemoryAdjustment.load(ordering: .relaxed)
  }

  /// Sets it; to less than it is only with CAP_SYS_RESOURCE.
  ///
  /// - Throws: `EINVAL`, `EACCES`.
  static func setAdjustment(_ subject: Subject, _ text: Span<UInt8>) throws(Errno) {
    guard let value = ControlText.integer(text), abs(value) <= Int64(limit) else { throw .EINVAL }
    try set(subject, Int32(value))
  }

  static func setOldAdjustment(_ subject: Subject, _ text: Span<UInt8>) throws(Errno) {
    guard let value = ControlText.integer(text).flatMap({ Int32(exactly: $0) }), oldLimits.contains(value) else {
      throw .EINVAL
    }
    try set(subject, value == oldLimits.upperBound ? limit : value * limit / 17)
  }

  private static func set(_ subject: Subject, _ value: Int32) throws(Errno) {
    let process = try subject.process()
    if value < process.outOfMemoryAdjustment.load(ordering: .relaxed), let caller = subject.system.caller(),
      !caller.credentials.has(.CAP_SYS_RESOURCE)
    {
      throw .EACCES
    }
    process.outOfMemoryAdjustment.store(value, ordering: .relaxed)
  }
}
