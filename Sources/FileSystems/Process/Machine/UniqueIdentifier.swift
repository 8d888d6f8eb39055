import Foundations
import Machine
import Security
import SyntheticFiles

/// 128 random bits as a UUID of version 4. Source: RFC 9562, 5.4.
struct UniqueIdentifier {
  private var bytes = InlineArray<16, UInt8>(repeating: 0)

  /// A new one.
  init() {
    var span = bytes.mutableSpan
    SystemRandom.fill(&span)
    bytes[6] = bytes[6] & 0x0f | 0x40
    bytes[8] = bytes[8] & 0x3f | 0x80
  }

  /// Writes a line with it.
  func write(to text: inout TextBuffer) {
    for index in bytes.indices {
      if index == 4 || index == 6 || index == 8 || index == 10 { text.write("-") }
      text.write(hex: UInt64(bytes[index]), width: 2)
    }
    text.write("\n")
  }
}
