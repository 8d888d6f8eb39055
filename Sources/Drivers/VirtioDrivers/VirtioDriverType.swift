public import DriverKit
public import Foundations
import Machine
public import Terminals
import Virtio

/// The drivers of one kind of virtio device.
public final class VirtioDriverType: DriverType {
  private let kind: VirtioDeviceKind
  private let maker: () -> Driver

  private init(_ name: StaticString, _ kind: VirtioDeviceKind, _ maker: @escaping () -> Driver) {
    (self.kind, self.maker) = (kind, maker)
    super.init(name, .virtio)
  }

  public override func matches(_ device: DeviceNode) -> Bool {
    if case .virtio(let type, _) = device.identity { return type == UInt32(kind.rawValue) }
    return false
  }

  public override func makeDriver(for device: DeviceNode) throws(Errno) -> Driver { maker() }

  /// Makes all of them known.
  ///
  /// - Parameter jobControl: what consoles' terminals ask about processes.
  /// - Throws: `ENOMEM`.
  public static func registerAll(_ jobControl: TerminalJobControl) throws(Errno) {
    try DeviceTree.register(VirtioDriverType("virtio_rng", .random) { VirtioRandomDriver() })
    try DeviceTree.register(VirtioDriverType("virtio_console", .console) { VirtioConsoleDriver(jobControl) })
    try DeviceTree.register(VirtioDriverType("virtio_input", .input) { VirtioInputDriver() })
    try DeviceTree.register(VirtioDriverType("virtio_balloon", .balloon) { VirtioBalloonDriver() })
  }
}
