import Foundations
import Machine

/// The ring in which AMD's IOMMU finds commands, and the place where it answers.
///
/// Each batch ends with a wait, and the next begins when that is answered: so the ring always has room, and nothing in it is old.
/// Source: AMD 48882, section 2.4.
struct AMDCommandRing: ~Copyable {
  /// Commands of the ring: the fewest that a unit takes, one page.
  static var commandCount: Int { 256 }
  /// The ring's size as the unit's register has it.
  static var exponent: UInt8 { 8 }
  private static var byteCount: Int { commandCount * AMDCommand.byteCount }

  /// The ring, and behind it the answer.
  private let ring: DMABuffer
  private var tail = 0
  private var serial: UInt64 = 0

  /// Makes an empty ring.
  ///
  /// - Throws: `ENOMEM`.
  init() throws(Errno) {
    ring = try DMABuffer(byteCount: Self.byteCount + 8)
  }

  /// Where the unit finds the ring.
  var address: UInt64 { ring.deviceAddress }

  /// Puts a command behind the others.
  mutating func put(_ command: AMDCommand) {
    ring.write64(command.first, at: tail)
    ring.write64(command.second, at: tail + 8)
    tail = (tail + AMDCommand.byteCount) & (Self.byteCount - 1)
  }

  /// Puts a wait behind the others.
  ///
  /// - Returns: what the unit is to be told of the ring's end.
  mutating func end() -> UInt64 {
    serial &+= 1
    put(.completionWait(storing: serial, at: ring.deviceAddress + UInt64(Self.byteCount)))
    return UInt64(tail)
  }

  /// Whether the unit has answered the last wait.
  var isAnswered: Bool { ring.read64(at: Self.byteCount) == serial }
}
