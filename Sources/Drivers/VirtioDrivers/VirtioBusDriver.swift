public import DriverKit
public import Foundations
import Logging
import Machine
public import PCI
import Virtio

/// The driver of a PCI function behind which there is a virtio device.
public final class VirtioBusDriver: Driver {
  /// Numbers of devices that are tried for a name.
  private static let nameLimit = 4096

  public override func start(_ context: DriverContext) throws(Errno) {
    guard let function = context.device.function else { throw .ENODEV }
    try context.enable(isMaster: false)
    let device = context.device
    try context.addChild { () throws(Errno) in
      let attachment = try VirtioAttachment(function)
      guard let name = Self.freeName() else { throw .ENOSPC }
      return DeviceNode(
        name, .virtio, .virtio(type: UInt32(attachment.kind), vendor: UInt32(function.vendor)), below: device,
        attachment: attachment)
    }
  }

  private static func freeName() -> Message? {
    for number in 0..<nameLimit {
      let name: Message = "virtio\(number)"
      if DeviceTree.find(.virtio, name.bytes) == nil { return name }
    }
    return nil
  }
}

/// A virtio device of a PCI function, for its driver.
public final class VirtioAttachment: DeviceAttachment {
  /// The function.
  public let function: PCIFunction
  /// What kind of device it is.
  public let kind: UInt16
  /// The kernel's own way to the device, to end what a driver has begun.
  private let transport: VirtioPCITransport<DeviceSpace>

  /// Looks at the device behind `function`, which must decode memory.
  ///
  /// - Throws: `ENODEV`, `ENXIO`, `ENOMEM`.
  init(_ function: PCIFunction) throws(Errno) {
    self.function = function
    let transport: VirtioPCITransport<DeviceSpace>
    do throws(VirtioError) { transport = try VirtioPCITransport.open(function) } catch { throw error.errno }
    self.transport = transport
    kind = transport.kind
    super.init()
  }

  /// A way to the device for a driver, made where the driver's objects are.
  ///
  /// - Throws: as `VirtioPCITransport.open`.
  func open() throws(VirtioError) -> VirtioTransport { try VirtioPCITransport<DeviceSpace>.open(function) }

  public override func quiesce(isGone: Bool) {
    guard !isGone else { return }
    transport.setStatus(.init())
    function.setMaster(false)
    function.disableMessages()
    function.disableExtendedMessages()
  }
}
