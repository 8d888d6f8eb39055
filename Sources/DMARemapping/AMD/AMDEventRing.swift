import Foundations
import Machine

/// The ring in which AMD's IOMMU logs events. Source: AMD 48882, section 2.5.
struct AMDEventRing: ~Copyable {
  /// Events of the ring: the fewest that a unit takes, one page.
  static var eventCount: Int { 256 }
  /// The ring's size as the unit's register has it.
  static var exponent: UInt8 { 8 }
  static var byteCount: Int { eventCount * AMDEvent.byteCount }
  /// How often an event is looked for that the unit has counted already: some move the tail before the event is in memory.
  private static var attempts: Int { 1_000 }

  private let ring: DMABuffer
  /// Which byte the next event begins at.
  private(set) var head = 0
  /// Whether an event was ever found.
  private(set) var hasFound = false

  /// Makes an empty ring.
  ///
  /// - Throws: `ENOMEM`.
  init() throws(Errno) { ring = try DMABuffer(byteCount: Self.byteCount) }

  /// Where the unit finds it.
  var address: UInt64 { ring.deviceAddress }

  /// What was found at the head.
  enum Found {
    /// There is nothing more.
    case nothing
    /// An event that has not been written.
    case missing
    case event(AMDEvent)
  }

  /// Takes the next event before byte `tail`, a multiple of an event's size inside the ring.
  mutating func take(before tail: Int) -> Found {
    guard head != tail else { return .nothing }
    let place = head
    head = (head + AMDEvent.byteCount) & (Self.byteCount - 1)
    for _ in 0..<Self.attempts {
      // The word that says which event it is comes first in memory, and may come before the other.
      guard let event = AMDEvent(ring.read64(at: place), ring.read64(at: place + 8)) else { continue }
      hasFound = true
      ring.write64(0, at: place)
      ring.write64(0, at: place + 8)
      return .event(event)
    }
    return .missing
  }
}
