public import Foundations
public import Machine
import Security
public import VFS
public import Waiting

import enum LinuxABI.Capability

/// The kernel's messages as a file, which are taken as by syslog(2). Source: proc(5), `/proc/kmsg`.
public final class SystemLogFile: OpenFile {
  private let log: SystemLog

  /// Opens the messages of the log in force.
  ///
  /// - Throws: `ENODEV` without one, `EPERM` for those who may not take messages.
  public override init(_ request: OpenRequest, _ inode: Inode) throws(Errno) {
    guard let log = MachineControl.log else { throw .ENODEV }
    guard request.credentials.has(.CAP_SYSLOG) || request.credentials.has(.CAP_SYS_ADMIN) else { throw .EPERM }
    self.log = log
    try super.init(request, inode)
  }

  /// Waits for messages, and takes what fits.
  public override func readContent(_ buffer: inout IOBuffer, at offset: Int64) throws(Errno) -> Int {
    try log.take(into: &buffer, waits: !isNonblocking)
  }

  public override var canPoll: Bool { true }

  public override func poll() -> PollEvents { log.hasUntaken ? [.input, .readNormal] : [] }

  public override func forEachWaitQueue(_ body: (borrowing WaitQueue) -> Void) { body(log.arrivals) }
}
