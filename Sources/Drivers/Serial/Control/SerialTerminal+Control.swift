import Foundations
import Machine
import Registers
import Terminals
import Waiting

/// The requests of ioctl(2) that serial ports know besides those of terminals. Source: ioctl_tty(2), setserial(8).
private enum SerialRequest: UInt32 {
  case TIOCMGET = 0x5415
  case TIOCMBIS = 0x5416
  case TIOCMBIC = 0x5417
  case TIOCMSET = 0x5418
  case TIOCGSERIAL = 0x541e
  case TIOCSSERIAL = 0x541f
  case TIOCSERGETLSR = 0x5459
  case TIOCMIWAIT = 0x545c
  case TIOCGICOUNT = 0x545d
}

extension SerialTerminal where Space: ~Copyable {
  func serve(_ request: UInt32, _ argument: UInt64) throws(Errno) {
    guard let request = SerialRequest(rawValue: request) else { throw .ENOTTY }
    switch request {
    case .TIOCMGET: try UserPointer<UInt32>(argument).store(line.withLock { $0.modemBits() })
    case .TIOCMBIS: setLines(try UserPointer<UInt32>(argument).load(), among: 0)
    case .TIOCMBIC: setLines(0, among: try UserPointer<UInt32>(argument).load())
    case .TIOCMSET: setLines(try UserPointer<UInt32>(argument).load(), among: .max)
    case .TIOCGSERIAL: try UserPointer<SerialInformation>(argument).store(information)
    case .TIOCSSERIAL: try change(try UserPointer<SerialInformation>(argument).load())
    case .TIOCSERGETLSR:
      // TIOCSER_TEMT: all has left the device.
      try UserPointer<UInt32>(argument).store(isTransmitterEmpty ? 1 : 0)
    // The lines are in the argument itself.
    case .TIOCMIWAIT: try waitForLines(UInt32(truncatingIfNeeded: argument))
    case .TIOCGICOUNT: try UserPointer<SerialCounts>(argument).store(counts)
    }
  }

  // MARK: What it is

  /// What programs are told of the port. TIOCGSERIAL.
  ///
  /// - Context: any, without locks of the port.
  public var information: SerialInformation {
    line.withLock { line in
      var result = SerialInformation()
      result.kind = line.port.burst > 1 ? SerialInformation.Kind.withFIFO : SerialInformation.Kind.withoutFIFO
      result.number = Int32(truncatingIfNeeded: (line.terminal?.minor ?? 64) &- 64)
      result.address = UInt64(line.identity.address)
      result.interrupt = Int32(truncatingIfNeeded: line.identity.interrupt ?? 0)
      result.flags = line.settings.flags
      result.transmitterSize = Int32(truncatingIfNeeded: line.port.burst)
      result.customDivisor = line.settings.customDivisor
      result.baudBase = SerialSettings.baudBase
      (result.closeDelay, result.closingWait) = (line.settings.closeDelay, line.settings.closingWait)
      return result
    }
  }

  /// Where the port is, as programs are told. Which interrupt it has may turn out late.
  ///
  /// - Context: any, without locks of the port.
  public var identity: SerialIdentity {
    get { line.withLock { $0.identity } }
    set { line.withLock { $0.identity = newValue } }
  }

  private func change(_ new: SerialInformation) throws(Errno) {
    let old = information
    let isPrivileged = line.withLock { $0.terminal }?.jobControl.isCallerPrivileged ?? false
    try line.withLock { line throws(Errno) in
      var settings = line.settings
      try settings.change(to: new, from: old, isPrivileged: isPrivileged)
      line.apply(settings)
    }
  }

  // MARK: What happens

  /// What has happened. TIOCGICOUNT.
  var counts: SerialCounts {
    line.withLock { line in
      // What the lines have done and has not interrupted.
      line.readModemStatus()
      var counts = line.counts
      counts.lost = UInt32(truncatingIfNeeded: line.terminal?.lostCount ?? 0)
      return counts
    }
  }

  /// Whether nothing is left to be sent.
  private var isTransmitterEmpty: Bool {
    line.withLock { $0.unsentCount == 0 && ($0.terminal?.waitingOutputCount ?? 0) == 0 }
  }

  /// Asserts the lines of `bits`, and makes the others `among` these idle. OUT2 is left alone: it lets interrupts through. So is the
  /// loop of a port by which the kernel says what is wrong.
  func setLines(_ bits: UInt32, among others: UInt32) {
    line.withLock { line in
      let mayLoop = !line.hasKernelText
      line.setLines { lines in
        let changed = bits | others
        if changed & ModemBits.dataTerminalReady != 0 {
          lines.dataTerminalReady = bits & ModemBits.dataTerminalReady != 0
        }
        if changed & ModemBits.requestToSend != 0 { lines.requestToSend = bits & ModemBits.requestToSend != 0 }
        if changed & ModemBits.auxiliaryOutput1 != 0 {
          lines.auxiliaryOutput1 = bits & ModemBits.auxiliaryOutput1 != 0
        }
        if mayLoop, changed & ModemBits.loopback != 0 { lines.loopback = bits & ModemBits.loopback != 0 }
      }
    }
  }

  /// Waits until one of the lines `bits` has changed. TIOCMIWAIT.
  ///
  /// - Throws: `EINTR`, `EIO` when the terminal is hung up meanwhile.
  /// - Context: a thread without locks.
  func waitForLines(_ bits: UInt32) throws(Errno) {
    let (begin, closings) = line.withLock { line in
      line.watchLines()
      return (line.counts, line.closingCount)
    }
    var isClosed = false
    try watchers.queue.wait {
      let (now, current) = line.withLock { ($0.counts, $0.closingCount) }
      isClosed = current != closings
      return isClosed || now.hasChanged(since: begin, bits)
    }
    if isClosed { throw .EIO }
  }
}
