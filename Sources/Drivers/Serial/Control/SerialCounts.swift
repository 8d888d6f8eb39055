import Machine
import Registers
import Waiting

/// What has happened at a serial port: `struct serial_icounter_struct`.
///
/// Source: ioctl_tty(2), TIOCGICOUNT; Linux include/uapi/linux/serial.h. Counts begin again at 0 after 2³² - 1.
struct SerialCounts: UserValue, Equatable, Sendable {
  static let userByteCount = 80

  var clearToSend: UInt32 = 0
  var dataSetReady: UInt32 = 0
  var ringIndicator: UInt32 = 0
  var carrierDetect: UInt32 = 0
  var received: UInt32 = 0
  var sent: UInt32 = 0
  var framingErrors: UInt32 = 0
  var overruns: UInt32 = 0
  var parityErrors: UInt32 = 0
  var breaks: UInt32 = 0
  /// Characters for which the terminal had no room.
  var lost: UInt32 = 0

  init() {}

  init(userBytes bytes: Span<UInt8>) {
    clearToSend = bytes.load(UInt32.self, at: 0)
    dataSetReady = bytes.load(UInt32.self, at: 4)
    ringIndicator = bytes.load(UInt32.self, at: 8)
    carrierDetect = bytes.load(UInt32.self, at: 12)
    received = bytes.load(UInt32.self, at: 16)
    sent = bytes.load(UInt32.self, at: 20)
    framingErrors = bytes.load(UInt32.self, at: 24)
    overruns = bytes.load(UInt32.self, at: 28)
    parityErrors = bytes.load(UInt32.self, at: 32)
    breaks = bytes.load(UInt32.self, at: 36)
    lost = bytes.load(UInt32.self, at: 40)
  }

  func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    bytes.store(clearToSend, at: 0)
    bytes.store(dataSetReady, at: 4)
    bytes.store(ringIndicator, at: 8)
    bytes.store(carrierDetect, at: 12)
    bytes.store(received, at: 16)
    bytes.store(sent, at: 20)
    bytes.store(framingErrors, at: 24)
    bytes.store(overruns, at: 28)
    bytes.store(parityErrors, at: 32)
    bytes.store(breaks, at: 36)
    bytes.store(lost, at: 40)
  }

  /// Counts what the modem lines have done since they were looked at last.
  ///
  /// - Returns: whether that is anything.
  mutating func note(_ status: UART16550.ModemStatus) -> Bool {
    if status.clearToSendChanged { clearToSend &+= 1 }
    if status.dataSetReadyChanged { dataSetReady &+= 1 }
    if status.ringEnded { ringIndicator &+= 1 }
    if status.carrierDetectChanged { carrierDetect &+= 1 }
    return status.clearToSendChanged || status.dataSetReadyChanged || status.ringEnded || status.carrierDetectChanged
  }

  mutating func note(_ character: ReceivedCharacter) {
    received &+= 1
    if character.isBreak {
      breaks &+= 1
    } else if character.hasParityError {
      parityErrors &+= 1
    } else if character.hasFramingError {
      framingErrors &+= 1
    }
    if character.followsOverrun { overruns &+= 1 }
  }

  /// Whether a line of `bits`, which are those of TIOCMGET, has changed since `old`.
  func hasChanged(since old: SerialCounts, _ bits: UInt32) -> Bool {
    (bits & ModemBits.clearToSend != 0 && clearToSend != old.clearToSend)
      || (bits & ModemBits.dataSetReady != 0 && dataSetReady != old.dataSetReady)
      || (bits & ModemBits.ringIndicator != 0 && ringIndicator != old.ringIndicator)
      || (bits & ModemBits.carrierDetect != 0 && carrierDetect != old.carrierDetect)
  }
}

/// Those who wait for a change of a port's modem lines.
final class ModemWatchers {
  let queue = WaitQueue()
}
