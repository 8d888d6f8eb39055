import Foundations

/// The early console as a text sink: raw serial, no lock, CR before LF.
public struct EarlyTextSink: TextSink {
  /// Creates the sink.
  @inlinable
  public init() {}

  /// Sends `bytes`.
  public mutating func write(_ bytes: Span<UInt8>) {
    for index in bytes.indices {
      if bytes[index] == 0x0a { EarlyConsole.write(0x0d) }
      EarlyConsole.write(bytes[index])
    }
  }
}
