import Foundations
public import Input
import Machine
public import VFS
import Waiting

/// A file of an input device in /dev/input.
public class InputNode: InputHandle {
  /// What the file gives.
  public enum Kind: Sendable {
    /// The device's events: "event3".
    case events
    /// A mouse by the PS/2 protocol: "mouse0".
    case mouse
  }

  /// What the file gives.
  public final let kind: Kind
  /// The minor number of its file; the major is `InputFiles.major`.
  public final let minor: UInt32
  /// What programs sleep in that wait for events.
  final let queue = WaitQueue()

  init(_ device: InputDevice, _ kind: Kind, minor: UInt32) {
    (self.kind, self.minor) = (kind, minor)
    super.init(device)
  }

  /// The number of its file.
  public final var deviceNumber: DeviceNumber { DeviceNumber(InputFiles.major, minor) }

  /// The number in its name. Source: Linux, evdev_connect.
  public final var number: UInt32 {
    let first = kind == .events ? InputMinors.events.lowerBound : InputMinors.mice.lowerBound
    let legacy = kind == .events ? InputMinors.events : InputMinors.mice
    return legacy.contains(minor) ? minor - first : minor
  }

  /// What it is called in /dev/input and in /sys: "event3".
  public final override var name: Message {
    var name: Message = kind == .events ? "event" : "mouse"
    name.write(decimal: UInt64(number))
    return name
  }
}

/// The node of a device's events, and those who have it open.
final class EventNode: InputNode {
  private struct State: ~Copyable {
    var clients = GrowableArray<EventClient>()
    var grabber: EventClient?
    var isGone = false
  }

  private let state = SpinLock(State())
  /// Events that a packet has at most.
  let packetSize: Int

  init(_ device: InputDevice, minor: UInt32) {
    packetSize = device.packetSize
    super.init(device, .events, minor: minor)
  }

  // MARK: As a handle of the device

  override func take(_ packet: Span<InputEvent>, at time: InputTime) {
    state.withLock { state in
      if let grabber = state.grabber { return grabber.take(packet, at: time) }
      Self.give(packet, at: time, to: state.clients)
    }
  }

  private static func give(
    _ packet: Span<InputEvent>, at time: InputTime, to clients: borrowing GrowableArray<EventClient>
  ) {
    for index in 0..<clients.count { clients[index].take(packet, at: time) }
  }

  override func deliver() { queue.wakeAll([.input, .readNormal]) }

  override func disconnect() {
    state.withLock { $0.isGone = true }
    InputFiles.remove(self)
    queue.wakeAll()
  }

  // MARK: Those who have it open

  /// Whether the device is there.
  var isThere: Bool { state.withLock { !$0.isGone } }

  /// - Throws: `ENODEV` when the device is gone, `ENOMEM`.
  func open(_ client: EventClient) throws(Errno) {
    try state.withLock { state throws(Errno) in
      guard !state.isGone else { throw .ENODEV }
      try state.clients.append(client)
    }
  }

  func close(_ client: EventClient) {
    ungrab(client)
    state.withLock { state in
      for index in 0..<state.clients.count where state.clients[index] === client {
        _ = state.clients.remove(at: index)
        return
      }
    }
  }

  /// Keeps events from all but `client`.
  ///
  /// - Throws: `EBUSY`, `ENODEV`.
  func grab(_ client: EventClient) throws(Errno) {
    // The device first, as its lock comes before this one's.
    try device.grab(self)
    state.withLock { $0.grabber = client }
  }

  /// Ends what `grab` began.
  ///
  /// - Returns: whether `client` had grabbed the device.
  @discardableResult
  func ungrab(_ client: EventClient) -> Bool {
    let hadIt = state.withLock { state in
      guard state.grabber === client else { return false }
      state.grabber = nil
      return true
    }
    if hadIt { device.release(self) }
    return hadIt
  }

  /// Lets `client` do nothing more with the device.
  func revoke(_ client: EventClient) {
    client.revoke()
    ungrab(client)
    queue.wakeAll()
  }
}
