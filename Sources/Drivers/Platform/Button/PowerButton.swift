import DeviceFiles
public import DriverKit
public import Foundations
import Machine

/// A power or sleep button, as the input device that it is for programs.
///
/// Source: Linux drivers/acpi/button: name, physical path, identity and keys; ACPI 6.5, sections 4.8.2.2 and 9.1.
public final class PowerButton: Publication {
  /// What it is for, and which of the two ways to have one it is.
  public enum Kind: Equatable, Sendable {
    /// The power button as a bit of the fixed hardware.
    case fixedPower
    /// The power button as a device in the firmware's namespace.
    case power
    /// The sleep button as a bit of the fixed hardware.
    case fixedSleep
    /// The sleep button as a device in the firmware's namespace.
    case sleep

    /// The kind of `device`; nil for what is no button.
    public init?(_ device: DeviceNode) {
      switch device.platformDriver {
      case .fixedPowerButton: self = .fixedPower
      case .powerButton: self = .power
      case .fixedSleepButton: self = .fixedSleep
      case .sleepButton: self = .sleep
      default: return nil
      }
    }

    /// Whether it is to turn the machine off.
    public var isForPower: Bool { self == .fixedPower || self == .power }

    /// The path that programs are told.
    public var physicalPath: StaticString {
      switch self {
      case .fixedPower: "LNXPWRBN/button/input0"
      case .power: "PNP0C0C/button/input0"
      case .fixedSleep: "LNXSLPBN/button/input0"
      case .sleep: "PNP0C0E/button/input0"
      }
    }

    /// Its name for programs.
    public var name: StaticString { isForPower ? "Power Button" : "Sleep Button" }
    /// The number of its product, on the bus BUS_HOST, without a vendor.
    public var product: UInt16 { isForPower ? 1 : 3 }
    /// The one key that it has: KEY_POWER or KEY_SLEEP.
    public var key: UInt16 { isForPower ? 116 : 142 }
  }

  /// Which it is.
  public let kind: Kind
  /// The device.
  public let device: DeviceNode
  private let output: PowerButtonOutput
  private var isShown = false

  init(_ kind: Kind, _ device: DeviceNode, _ output: PowerButtonOutput) {
    (self.kind, self.device, self.output) = (kind, device, output)
    super.init()
  }

  /// Shows it to programs.
  func show() throws(Errno) {
    try output.add(self)
    isShown = true
  }

  /// It was pressed and let go: firmware tells only of the first.
  ///
  /// - Returns: whether somebody has it, who sees to what follows.
  func press() -> Bool {
    output.report(self, isDown: true)
    output.report(self, isDown: false)
    return output.isTaken(self)
  }

  public override func withdraw() {
    isShown = false
    output.remove(self)
  }

  public override func continues(as successor: Publication) -> Bool {
    guard isShown, let successor = successor as? PowerButton else { return false }
    return successor.kind == kind && successor.device === device
  }
}

/// Where buttons' keys go: the kernel's input devices.
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

  /// Its key goes down or up: an event of `button.kind.key`, and the end of a packet.
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
  /// - Returns: whether a program sees to what follows; false when the kernel is to do what the button is for, also where there is
  ///   no driver to ask, or it does not answer.
  /// - Context: a thread that may wait, up to two seconds.
  public static func press(_ device: DeviceNode) -> Bool { press(DriverLink(device)) }

  /// As the other, of the first button of a kind.
  ///
  /// - Returns: false also when there is none.
  public static func press(_ kind: PowerButton.Kind) -> Bool {
    var found: DeviceNode?
    DeviceTree.forEach { device in
      if found == nil, device.bus == .acpi, PowerButton.Kind(device) == kind { found = device }
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
