import Foundations
import Machine
import PCI
import Testing

@testable import DriverKit

/// A driver that serves one device by its name.
private final class NamedType: DriverType {
  private let wanted: String

  init(_ name: StaticString, _ wanted: String) {
    self.wanted = wanted
    super.init(name, .platform)
  }

  override func matches(_ device: DeviceNode) -> Bool { device.name.bytes.isEqual(to: wanted) }
}

@Suite("Which driver serves a device")
struct ChoiceTests {
  private let device = DeviceNode("clock", .platform, .platform("clock"))
  private let clock = NamedType("clock_driver", "clock")
  private let other = NamedType("other_driver", "something")

  @Test("without a choice of programs those serve it that know it")
  func unchosen() {
    #expect(clock.serves(device, override: nil))
    #expect(!other.serves(device, override: nil))
    #expect(DeviceTree.refusal(of: device, by: clock) == nil)
    #expect(DeviceTree.refusal(of: device, by: other) == .ENODEV)
  }

  @Test("the driver that programs have chosen serves whatever it is, and no other does")
  func chosen() {
    #expect(other.serves(device, override: "other_driver"))
    #expect(!clock.serves(device, override: "other_driver"))
    #expect(!clock.serves(device, override: "nobody") && !other.serves(device, override: "nobody"))
  }

  @Test("a driver of another bus serves nothing, whatever it knows")
  func buses() {
    let foreign = DeviceNode("clock", .acpi, .platform("clock"))
    #expect(DeviceTree.refusal(of: foreign, by: clock) == .ENODEV)
  }

  @Test("each bus says for itself whether its devices get drivers at once")
  func automatic() {
    #expect(DeviceBus.allCases.allSatisfy { DeviceTree.bindsByItself($0) })
    DeviceTree.setBindsByItself(.pci, false)
    #expect(!DeviceTree.bindsByItself(.pci) && DeviceTree.bindsByItself(.virtio))
    DeviceTree.setBindsByItself(.pci, true)
    #expect(DeviceBus.allCases.allSatisfy { DeviceTree.bindsByItself($0) })
  }

  @Test("buses are found by the names that programs have for them")
  func names() {
    for bus in DeviceBus.allCases {
      guard let own = bus.name else { continue }
      let name: Message = "\(own.description)"
      #expect(DeviceBus(name: name.bytes) == bus)
    }
    let none: Message = "usb"
    #expect(DeviceBus(name: none.bytes) == nil)
  }
}
