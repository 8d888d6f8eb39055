public import DriverKit
public import Foundations
import Logging
import Machine
public import PCI
import Virtio

/// The driver of a PCI function behind which there is a virtio device.
public final class VirtioBusDriver: Driver {
  public override func start(_ context: DriverContext) throws(Errno) {
    guard let function = context.device.function else { throw .ENODEV }
    try context.enable(isMaster: false)
    let device = context.device
    try context.addChild { () throws(Errno) in
      let attachment = try VirtioAttachment(function)
      return DeviceNode(
        attachment.name.text, .virtio,
        .virtio(type: UInt32(attachment.kind), vendor: UInt32(function.subsystemVendor)), below: device,
        attachment: attachment)
    }
  }
}

/// A virtio device of a PCI function, for its driver.
public final class VirtioAttachment: DeviceAttachment {
  /// The function.
  public let function: PCIFunction
  /// What kind of device it is.
  public let kind: UInt16
  /// The device's name.
  let name: VirtioName
  /// What programs are told of the device.
  let state: VirtioDeviceState
  /// The kernel's own way to the device, to end what a driver has begun.
  private let transport: VirtioPCITransport<DeviceSpace>

  /// Looks at the device behind `function`, which must decode memory.
  ///
  /// - Throws: `ENODEV`, `ENXIO`, `ENOSPC`, `ENOMEM`.
  init(_ function: PCIFunction) throws(Errno) {
    self.function = function
    name = try VirtioName()
    let transport: VirtioPCITransport<DeviceSpace>
    do throws(VirtioError) { transport = try VirtioPCITransport.open(function) } catch { throw error.errno }
    self.transport = transport
    state = VirtioDeviceState(transport)
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
