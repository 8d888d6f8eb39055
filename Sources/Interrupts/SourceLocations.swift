import Foundations
import Machine
import Symbols

/// Addresses of kernel code in words: function, offset, file and line, with the calls that the compiler inlined.
enum SourceLocations {
  static func write(_ address: UInt64, isReturnAddress: Bool, to sink: inout some TextSink & ~Copyable) {
    sink.write("  0x")
    sink.write(hex: address, width: 16)
    sink.write("\n")
  }

  static func writeTrapReason(_ address: UInt64, to sink: inout some TextSink & ~Copyable) -> Bool { false }
}
