import Foundations
import Input
import Machine

/// One who has an event device open: what has come for it. The device's node knows it while it is open.
final class EventClient {
  private struct State: ~Copyable {
    var queue: EventQueue
    var masks = EventMasks()
    var clock = EventClock.realTime
    var isRevoked = false
  }

  private let state: SpinLock<State>

  /// - Throws: `ENOMEM`.
  init(packetSize: Int) throws(Errno) { state = SpinLock(State(queue: try EventQueue(packetSize: packetSize))) }

  /// Takes the events of a packet that are wanted.
  ///
  /// - Context: any, interrupts off, the device's lock held.
  func take(_ packet: Span<InputEvent>, at time: InputTime) {
    state.withLock { state in
      guard !state.isRevoked else { return }
      Self.add(packet, state.clock.nanoseconds(time), to: &state)
    }
  }

  private static func add(_ packet: Span<InputEvent>, _ time: UInt64, to state: inout State) {
    for index in packet.indices {
      let event = packet[index]
      if state.masks.hides(event) { continue }
      // A packet of which nothing is wanted is none.
      if event.isReport && !state.queue.isInPacket { continue }
      state.queue.append(EventRecord(time: time, event: event))
    }
  }

  /// Whether there is something to read.
  var hasPacket: Bool { state.withLock { $0.queue.hasPacket } }

  /// Takes the next event; nil when there is none.
  func next() -> EventRecord? { state.withLock { $0.queue.next() } }

  /// Whether it may do nothing more. EVIOCREVOKE.
  var isRevoked: Bool { state.withLock { $0.isRevoked } }

  /// Lets it do nothing more.
  func revoke() {
    state.withLock { state in
      state.isRevoked = true
      _ = state.queue.removeAll()
    }
  }

  /// Tells events by `clock` from now on. Those that were not read have a wrong time, and are dropped.
  func setClock(_ clock: EventClock, at time: InputTime) {
    state.withLock { state in
      guard state.clock != clock else { return }
      state.clock = clock
      if state.queue.removeAll() { state.queue.noteLoss(at: clock.nanoseconds(time)) }
    }
  }

  /// Drops events of `type`, because the reader is told what they came to.
  ///
  /// - Context: the device's lock is held, so that no event comes between.
  func forget(_ type: EventType) { state.withLock { $0.queue.remove(type) } }

  /// Notes that it was not told what it asked for, while events of that are gone.
  func noteLoss(at time: InputTime) {
    state.withLock { $0.queue.noteLoss(at: $0.clock.nanoseconds(time)) }
  }

  /// The codes of `type` that are wanted; nil for all.
  func mask(_ type: UInt32) -> InputBits? { state.withLock { $0.masks.bits(type) } }

  /// Makes `bits` the codes of `type` that are wanted.
  ///
  /// - Throws: `ENOMEM`.
  func setMask(_ type: UInt32, _ bits: InputBits) throws(Errno) {
    try state.withLock { state throws(Errno) in try state.masks.set(type, bits) }
  }
}
