import DeviceFiles
public import DriverKit
public import Foundations
import Machine

/// A power button, as the input device that it is for programs.
///
/// Source: Linux drivers/acpi/button: name, physical path and identity; ACPI 6.5, section 4.8.2.2.1.
public final class PowerButton: Publication {
  /// Which of the two ways to have one it is.
  public enum Kind: Equatable, Sendable {
    /// A bit of the fixed hardware.
    case fixed
    /// A device in the firmware's namespace, PNP0C0C.
    case controlMethod

    /// The device's name on the ACPI bus that its driver looks for.
    public var deviceName: StaticString {
      switch self {
      case .fixed: "LNXPWRBN"
      case .controlMethod: "PNP0C0C"
      }
    }

    /// The path that programs are told.
    public var physicalPath: StaticString {
      switch self {
      case .fixed: "LNXPWRBN/button/input0"
      case .controlMethod: "PNP0C0C/button/input0"
      }
    }
  }

  /// Its name for programs.
  public static var name: StaticString { "Power Button" }
  /// The number of its product, on the bus BUS_HOST, without a vendor.
  public static var product: UInt16 { 1 }
  /// The one key that it has: KEY_POWER.
  public static var key: UInt16 { 116 }

  /// Which it is.
  public let kind: Kind
  /// The device.
  public let device: DeviceNode
  private let output: PowerButtonOutput

  init(_ kind: Kind, _ device: DeviceNode, _ output: PowerButtonOutput) {
    (self.kind, self.device, self.output) = (kind, device, output)
    super.init()
  }

  /// Shows it to programs.
  func show() throws(Errno) { try output.add(self) }

  /// It was pressed and let go: firmware tells only of the first.
  ///
  /// - Returns: whether somebody has it, who sees to what follows.
  func press() -> Bool {
    output.report(self, isDown: true)
    output.report(self, isDown: false)
    return output.isTaken(self)
  }

  public override func withdraw() { output.remove(self) }

  public override func continues(as successor: Publication) -> Bool {
    (successor as? PowerButton)?.kind == kind
  }
}

/// Where power buttons' keys go: the kernel's input devices.
open class PowerButtonOutput {
  /// Creates one that nobody listens to.
  public init() {}

  /// A button has come: registers its input device.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: the device's thread.
  open func add(_ button: PowerButton) throws(Errno) {}

  /// A button has gone.
  ///
  /// - Context: the device's thread.
  open func remove(_ button: PowerButton) {}

  /// Its key goes down or up: an event of KEY_POWER, and the end of a packet.
  ///
  /// - Context: the device's thread.
  open func report(_ button: PowerButton, isDown: Bool) {}

  /// Whether a program has grabbed it, and so wants nothing done by the kernel.
  ///
  /// - Context: the device's thread.
  open func isTaken(_ button: PowerButton) -> Bool { false }
}

/// That a power button was pressed, for its driver.
final class PowerButtonPress: DriverRequest {
  init() { super.init(isRepeatable: false) }
}

/// The buttons that there are, for the part of the kernel that hears the firmware's events.
public enum PowerButtons {
  private static var patience: UInt64 { 2_000_000_000 }

  /// Tells the driver of `device` that it was pressed.
  ///
  /// - Returns: whether a program sees to what follows; false when the kernel is to turn the machine off, also where there is no
  ///   driver to ask, or it does not answer.
  /// - Context: a thread that may wait, up to two seconds.
  public static func press(_ device: DeviceNode) -> Bool { press(DriverLink(device)) }

  /// As the other, of the button of a kind; the fixed one, if both are pressed.
  public static func press(_ kind: PowerButton.Kind) -> Bool {
    var found: DeviceNode?
    DeviceTree.forEach { device in
      if found == nil, device.bus == .acpi, PlatformIdentity.isNamed(device, kind.deviceName) { found = device }
    }
    guard let found else { return false }
    return press(found)
  }

  static func press(_ link: DriverLink) -> Bool {
    let press = PowerButtonPress()
    do throws(Errno) {
      try link.submit(press)
      return try press.wait(until: Deadline.after(patience)) != 0
    } catch {
      return false
    }
  }
}
