import Foundations
import Input
import Machine

/// An event with the time that it is told with, in nanoseconds.
struct EventRecord {
  var time: UInt64
  var event: InputEvent
}

/// What one who has an event device open has not read yet: whole packets, and the one that is coming.
///
/// When it is full all but the newest is dropped, and a SYN_DROPPED says so: the reader throws away what follows up to the
/// next SYN_REPORT and asks for the device's state. Source: Linux Documentation/input/event-codes.rst, SYN_DROPPED, and
/// drivers/input/evdev.c.
struct EventQueue: ~Copyable {
  private var ring = GrowableArray<EventRecord>()
  private let mask: Int
  /// Where the next event goes.
  private var head = 0
  /// Where the next one is read.
  private var tail = 0
  /// Behind the last packet that is whole.
  private var packetEnd = 0

  /// Makes a queue for eight packets of `packetSize` events, at least 64.
  ///
  /// - Throws: `ENOMEM`.
  init(packetSize: Int) throws(Errno) {
    var capacity = 64
    while capacity < packetSize * 8 && capacity < 4096 { capacity *= 2 }
    try ring.resize(to: capacity, filledWith: EventRecord(time: 0, event: .report))
    mask = capacity - 1
  }

  /// How many events it holds at most, and one more.
  var capacity: Int { mask + 1 }

  /// Whether there is something to read.
  var hasPacket: Bool { packetEnd != tail }

  /// Whether an event came since the last SYN_REPORT.
  var isInPacket: Bool { packetEnd != head }

  /// Takes an event.
  mutating func append(_ record: EventRecord) {
    put(record)
    if head == tail {
      // Full: what is left is that something was dropped, and the newest.
      tail = (head - 2) & mask
      ring[tail] = EventRecord(time: record.time, event: .dropped)
      packetEnd = tail
    }
    if record.event.isReport { packetEnd = head }
  }

  private mutating func put(_ record: EventRecord) {
    ring[head] = record
    head = (head + 1) & mask
  }

  /// Notes that something is missing; told with the next packet.
  mutating func noteLoss(at time: UInt64) {
    put(EventRecord(time: time, event: .dropped))
    guard head == tail else { return }
    tail = (head - 1) & mask
    packetEnd = tail
  }

  /// Drops everything.
  ///
  /// - Returns: whether there was anything.
  mutating func removeAll() -> Bool {
    let hadEvents = head != tail
    (tail, packetEnd) = (head, head)
    return hadEvents
  }

  /// Drops the events of `type`, whose state the reader is about to be told, and packets that have nothing else.
  mutating func remove(_ type: EventType) {
    var (kept, source) = (tail, tail)
    // As if something stood before: a SYN_REPORT in front ends what was read already.
    var eventsInPacket = 1
    packetEnd = tail
    while source != head {
      let record = ring[source]
      source = (source + 1) & mask
      if record.event.type == type { continue }
      if record.event.isReport && eventsInPacket == 0 { continue }
      ring[kept] = record
      kept = (kept + 1) & mask
      eventsInPacket += 1
      guard record.event.isReport else { continue }
      eventsInPacket = 0
      packetEnd = kept
    }
    head = kept
  }

  /// Takes the next event of a whole packet; nil when there is none.
  mutating func next() -> EventRecord? {
    guard hasPacket else { return nil }
    let record = ring[tail]
    tail = (tail + 1) & mask
    return record
  }
}

extension InputEvent {
  /// Events were lost.
  static var dropped: InputEvent { InputEvent(.EV_SYN, EventCode.SYN_DROPPED, 0) }
}
