/// Why a serial port could not do what was asked.
public enum SerialPortError: Error, Equatable {
  /// No 16550 answers there.
  case notPresent
  /// The device answers but does not hear itself.
  case loopbackFailed
  /// 115,200 is not a multiple of the rate, or the divisor does not fit.
  case unsupportedRate(UInt32)
  /// The transmitter stayed full; `sent` bytes went out before.
  case timeout(sent: Int)
  /// The device has gone; `sent` bytes were given to it before.
  case gone(sent: Int)

  /// How many bytes went out before the error.
  public var sent: Int {
    switch self {
    case .timeout(let sent), .gone(let sent): sent
    case .notPresent, .loopbackFailed, .unsupportedRate: 0
    }
  }
}
