import DriverKit
import Foundations
import Machine
import PlatformDrivers
import SyntheticFiles
import VFS
import VirtioDrivers

/// What /sys says of devices that are not PCI functions, and of how any device's driver is.
enum DeviceFacts {
  /// The lines of `uevent` besides those that every device has.
  static func write(_ device: DeviceNode, to text: inout TextBuffer) {
    switch device.identity {
    case .virtio(let type, let vendor): VirtioTexts.writeFacts(type: type, vendor: vendor, to: &text)
    case .firmware(let firmware): PlatformTexts.writeFacts(of: firmware, on: device.bus, named: device.name, to: &text)
    case .pci, .platform: break
    }
  }

  /// What a virtio device has, and one of the platform.
  static func addAttributes(of device: DeviceNode, to directory: SyntheticDirectory) throws(Errno) {
    if let firmware = device.firmware {
      return try PlatformTexts.addAttributes(of: firmware, on: device.bus, named: device.name, to: directory)
    }
    try VirtioTexts.addAttributes(of: device, to: directory)
  }

  /// How a device's driver is, and in kernels that are tested the file by which it is made to fail.
  static func addContainment(of device: DeviceNode, to directory: SyntheticDirectory) throws(Errno) {
    try directory.add("driver_state") { text in
      text.write(device.state.name.description)
      text.write("\n")
    }
    try directory.add("driver_restarts") { text in
      text.write(decimal: device.restartCount)
      text.write("\n")
    }
    try directory.add("driver_failure") { text in
      guard let failure = device.lastFailure else { return }
      text.write(failure.description.bytes)
      text.write("\n")
    }
    try directory.add("dma_faults") { text in
      text.write(decimal: device.accessFaultCount)
      text.write("\n")
    }
    guard KernelDevices.allowsFaults else { return }
    try directory.add(
      "driver_fault", permissions: 0o200, { _ in },
      accepts: { (text: Span<UInt8>) throws(Errno) in
        var count = text.count
        if count > 0, text[count - 1] == 0x0a { count -= 1 }
        guard let fault = DriverFault(name: text.extracting(0..<count)) else { throw .EINVAL }
        try DeviceTree.order(.inject(fault), device)
      })
  }
}
