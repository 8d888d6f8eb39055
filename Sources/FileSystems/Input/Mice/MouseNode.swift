import Foundations
import Input
import Machine
import Waiting

/// One who has a mouse device open.
final class MouseClient {
  let port: SpinLock<MouseProtocol> = SpinLock(MouseProtocol())

  /// Whether there is something to read.
  var hasInput: Bool { port.withLock { $0.hasInput } }
}

/// Those who have one mouse device open: one mouse's, or /dev/input/mice.
final class MouseClients {
  private struct State: ~Copyable {
    var clients = GrowableArray<MouseClient>()
    var isGone = false
  }

  private let state = SpinLock(State())
  let queue = WaitQueue()

  /// Whether the mouse is there. /dev/input/mice is always.
  var isThere: Bool { state.withLock { !$0.isGone } }

  /// - Throws: `ENODEV` when the mouse is gone, `ENOMEM`.
  func open(_ client: MouseClient) throws(Errno) {
    try state.withLock { state throws(Errno) in
      guard !state.isGone else { throw .ENODEV }
      try state.clients.append(client)
    }
  }

  func close(_ client: MouseClient) {
    state.withLock { state in
      for index in 0..<state.clients.count where state.clients[index] === client {
        _ = state.clients.remove(at: index)
        return
      }
    }
  }

  /// Gives a motion to all.
  ///
  /// - Context: any; a device's lock may be held.
  func take(_ motion: MouseMotion, buttons: UInt8) {
    state.withLock { state in
      for index in 0..<state.clients.count {
        state.clients[index].port.withLock { $0.take(motion, buttons: buttons) }
      }
    }
  }

  /// The mouse is gone.
  func end() {
    state.withLock { $0.isGone = true }
    queue.wakeAll()
  }
}

/// The node of one mouse. What it does goes to those who have all mice open, too.
final class MouseNode: InputNode {
  let clients = MouseClients()
  private let all: MouseClients
  private let collector = SpinLock(MouseCollector())

  init(_ device: InputDevice, minor: UInt32, all: MouseClients) {
    self.all = all
    axes = InputDeviceAxes(
      x: device.axis(EventCode.ABS_X) ?? AbsoluteAxis(), y: device.axis(EventCode.ABS_Y) ?? AbsoluteAxis())
    super.init(device, .mouse, minor: minor)
  }

  private let axes: InputDeviceAxes

  override func take(_ packet: Span<InputEvent>, at time: InputTime) {
    for index in packet.indices { take(packet[index]) }
  }

  private func take(_ event: InputEvent) {
    let (motion, buttons) = collector.withLock { collector in
      (collector.take(event, on: axes), collector.buttons)
    }
    guard let motion else { return }
    clients.take(motion, buttons: buttons)
    all.take(motion, buttons: buttons)
  }

  override func deliver() {
    clients.queue.wakeAll([.input, .readNormal])
    all.queue.wakeAll([.input, .readNormal])
  }

  override func disconnect() {
    InputFiles.remove(self)
    clients.end()
  }
}

/// Makes a file of every mouse, and of what can stand for one: a tablet, a touch screen.
final class MouseHandler: InputHandler {
  private let all: MouseClients

  init(all: MouseClients) {
    self.all = all
    super.init()
  }

  override var name: StaticString? { "mousedev" }
  override var firstMinor: UInt32? { InputMinors.mice.lowerBound }

  override func connect(_ device: InputDevice) throws(Errno) -> InputHandle? {
    guard Self.isMouse(device.capabilities) else { return nil }
    let node = MouseNode(device, minor: try InputFiles.takeMinor(.mouse), all: all)
    try InputFiles.add(node)
    return node
  }

  /// Source: Linux, drivers/input/mousedev.c, mousedev_ids.
  private static func isMouse(_ device: InputCapabilities) -> Bool {
    let hasButton = device.contains(.EV_KEY, EventCode.BTN_LEFT)
    if hasButton && device.contains(.EV_REL, EventCode.REL_X) && device.contains(.EV_REL, EventCode.REL_Y) {
      return true
    }
    if device.contains(.EV_KEY) && device.contains(.EV_REL, EventCode.REL_WHEEL) { return true }
    let hasPoint = device.contains(.EV_ABS, EventCode.ABS_X) && device.contains(.EV_ABS, EventCode.ABS_Y)
    return hasPoint && (hasButton || device.contains(.EV_KEY, EventCode.BTN_TOUCH))
  }
}
