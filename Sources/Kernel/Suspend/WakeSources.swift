import DriverKit
import Foundations
import Input
import Interrupts
import Logging
import Machine
import SerialDriver
import SystemFileSystem

/// What wakes a suspended machine besides the interrupts of devices that say so: keys and pointers, and what comes by the serial port.
enum WakeSources {
  /// Begins to listen to input devices.
  ///
  /// - Context: a thread, once.
  static func start() {
    do throws(Errno) { try InputDevices.add(WakeListener()) } catch {
      KernelLog.add(.warning, .drivers, "no key wakes the machine: error \(error.rawValue)")
    }
  }
}

/// Hears all input devices.
private final class WakeListener: InputHandler {
  override func connect(_ device: InputDevice) throws(Errno) -> InputHandle? { WakeHandle(device) }
}

private final class WakeHandle: InputHandle {
  override func take(_ packet: Span<InputEvent>, at time: InputTime) {
    for index in packet.indices where Self.wakes(packet[index]) { return WakeEvents.note() }
  }

  /// What goes to a program that has grabbed the device is not seen here; that something went is enough.
  override func deliver() {
    if device.isGrabbed { WakeEvents.note() }
  }

  /// A key that is let go is one that was pressed before: it must not undo what its pressing has begun.
  private static func wakes(_ event: InputEvent) -> Bool {
    switch event.type {
    case .EV_KEY: event.value == 1
    case .EV_REL, .EV_ABS: true
    default: false
    }
  }
}

/// The interrupt of the serial port, as one that wakes the machine by what arrives.
final class WakingSerialInterrupt: InterruptHandler {
  private let port: SerialTerminal<PortSpace>
  private let interrupt: SerialInterrupt<PortSpace>

  init(_ port: SerialTerminal<PortSpace>) {
    self.port = port
    interrupt = SerialInterrupt(port)
    super.init()
  }

  override var label: StaticString { interrupt.label }
  // COM3 has the same line.
  override var canShareEdges: Bool { interrupt.canShareEdges }

  override func handle() -> Bool {
    let before = port.receivedCount
    let isServed = interrupt.handle()
    if port.receivedCount != before { WakeEvents.note() }
    return isServed
  }
}

/// The file `power/wakeup` of a device.
final class DeviceWakeSwitch: WakeSwitch {
  private let device: DeviceNode

  init(_ device: DeviceNode) {
    self.device = device
    super.init()
  }

  override var canWake: Bool { device.canWake }
  override var mayWake: Bool { device.mayWake }
  override func setMayWake(_ may: Bool) { device.mayWake = may }
}
