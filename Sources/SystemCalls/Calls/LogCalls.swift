import Foundations
import LinuxABI
import Logging
import Machine
import Processes
import Security

extension SystemCallContext {
  /// syslog(2)
  func syslog(_ action: SyslogAction, _ buffer: UserPointer<UInt8>, _ byteCount: Int32) throws(Errno) -> Int {
    switch action {
    case .SYSLOG_ACTION_READ_ALL, .SYSLOG_ACTION_SIZE_BUFFER: break
    default: guard task.credentials.has(.CAP_SYSLOG) || task.credentials.has(.CAP_SYS_ADMIN) else { throw .EPERM }
    }
    guard let log = MachineControl.log else { throw .ENOSYS }
    switch action {
    case .SYSLOG_ACTION_CLOSE, .SYSLOG_ACTION_OPEN: return 0
    case .SYSLOG_ACTION_READ:
      var messages = try output(buffer, byteCount)
      return try log.take(into: &messages, waits: true)
    case .SYSLOG_ACTION_READ_ALL, .SYSLOG_ACTION_READ_CLEAR:
      let count = try showMessages(log, try output(buffer, byteCount))
      if action == .SYSLOG_ACTION_READ_CLEAR { log.clear() }
      return count
    case .SYSLOG_ACTION_CLEAR: log.clear()
    case .SYSLOG_ACTION_CONSOLE_OFF: log.change(.off)
    case .SYSLOG_ACTION_CONSOLE_ON: log.change(.on)
    case .SYSLOG_ACTION_CONSOLE_LEVEL:
      guard (1...8).contains(byteCount) else { throw .EINVAL }
      log.change(.limit(UInt8(byteCount)))
    case .SYSLOG_ACTION_SIZE_UNREAD: return log.untakenByteCount
    case .SYSLOG_ACTION_SIZE_BUFFER: return log.byteCount
    }
    return 0
  }

  private func output(_ buffer: UserPointer<UInt8>, _ byteCount: Int32) throws(Errno) -> IOBuffer {
    guard !buffer.isNull, byteCount >= 0 else { throw .EINVAL }
    return try UserBuffer(buffer.address, count: UInt64(byteCount)).buffer()
  }

  /// Copies the last messages, as many as fit.
  private func showMessages(_ log: SystemLog, _ output: consuming IOBuffer) throws(Errno) -> Int {
    var output = output
    guard var cursor = log.start(ofLast: output.remaining) else { return 0 }
    var count = 0
    var record = LogRecord()
    while log.read(&cursor, into: &record) {
      let text = SystemLogText(record)
      // More may have been said meanwhile.
      guard text.count <= output.remaining else { break }
      count += try output.write(text.bytes)
    }
    return count
  }
}
