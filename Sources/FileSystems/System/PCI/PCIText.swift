import Foundations
import PCI
import SyntheticFiles

/// The texts of a function's attributes.
enum PCIText {
  /// Segment, bus, device and function.
  static func name(of address: PCIAddress) -> Message {
    var name = Message()
    name.write(hex: UInt64(address.segment), width: 4)
    name.write(":")
    name.write(hex: UInt64(address.bus), width: 2)
    name.write(":")
    name.write(hex: UInt64(address.device), width: 2)
    name.write(".")
    name.write(hex: UInt64(address.function))
    return name
  }

  /// A bus.
  static func name(ofBus bus: PCIAddress) -> Message {
    var name = Message()
    name.write(hex: UInt64(bus.segment), width: 4)
    name.write(":")
    name.write(hex: UInt64(bus.bus), width: 2)
    return name
  }

  /// What a root bus is below.
  static func rootName(_ bus: PCIAddress) -> Message {
    var name: Message = "pci"
    let own = self.name(ofBus: bus)
    name.write(own.bytes)
    return name
  }

  static func writeFacts(_ function: PCIFunction, to text: inout TextBuffer) {
    text.write("PCI_CLASS=")
    text.write(upperHex: UInt64(function.classCode), width: 1)
    text.write("\nPCI_ID=")
    text.write(upperHex: UInt64(function.vendor), width: 4)
    text.write(":")
    text.write(upperHex: UInt64(function.device), width: 4)
    text.write("\nPCI_SUBSYS_ID=")
    text.write(upperHex: UInt64(function.subsystemVendor), width: 4)
    text.write(":")
    text.write(upperHex: UInt64(function.subsystemDevice), width: 4)
    text.write("\nPCI_SLOT_NAME=")
    text.write(name(of: function.address))
    text.write("\nMODALIAS=")
    writeAlias(function, to: &text)
    text.write("\n")
  }

  /// What modprobe(8) would look for.
  static func writeAlias(_ function: PCIFunction, to text: inout TextBuffer) {
    text.write("pci:v")
    text.write(upperHex: UInt64(function.vendor), width: 8)
    text.write("d")
    text.write(upperHex: UInt64(function.device), width: 8)
    text.write("sv")
    text.write(upperHex: UInt64(function.subsystemVendor), width: 8)
    text.write("sd")
    text.write(upperHex: UInt64(function.subsystemDevice), width: 8)
    text.write("bc")
    text.write(upperHex: UInt64(function.baseClass), width: 2)
    text.write("sc")
    text.write(upperHex: UInt64(function.subclass), width: 2)
    text.write("i")
    text.write(upperHex: UInt64(function.programmingInterface), width: 2)
  }

  /// A line for each base address and the ROM, and of a bridge for its windows and one more.
  static func writeResources(_ function: PCIFunction, to text: inout TextBuffer) {
    for slot in PCIResourceSlot.allCases {
      let isWindow = slot.rawValue > PCIResourceSlot.rom.rawValue
      if isWindow, !function.isBridge { continue }
      if slot == .rom, let shadow = function.shadowROM {
        // IORESOURCE_MEM, _ROM_SHADOW and _PCI_FIXED.
        writeResource(shadow, 0x212, to: &text)
      } else {
        writeResource(function[slot].range, flags(of: slot, in: function), to: &text)
      }
    }
    if function.isBridge { writeResource(nil, 0, to: &text) }
  }

  private static func writeResource(_ range: Range<UInt64>?, _ flags: UInt64, to text: inout TextBuffer) {
    guard let range else {
      return text.write("0x0000000000000000 0x0000000000000000 0x0000000000000000\n")
    }
    text.write("0x")
    text.write(hex: range.lowerBound, width: 16)
    text.write(" 0x")
    text.write(hex: range.upperBound - 1, width: 16)
    text.write(" 0x")
    text.write(hex: flags, width: 16)
    text.write("\n")
  }

  /// What Linux says of the range in `slot`: what the addresses are, and the low bits of the register.
  ///
  /// Source: Linux linux/ioport.h: IORESOURCE_IO 0x100, _MEM 0x200, _PREFETCH 0x2000, _READONLY 0x4000, _SIZEALIGN 0x40000, _MEM_64
  /// 0x100000. The windows of bridges have the types of their registers.
  static func flags(of slot: PCIResourceSlot, in function: PCIFunction) -> UInt64 {
    let resource = function[slot]
    let sizeAligned: UInt64 = 0x4_0000
    let registers = function.registers
    switch slot {
    case .rom:
      guard resource.kind != .none else { return 0 }
      return sizeAligned | 0x6200 | (function.isROMEnabled ? 1 : 0)
    case .portWindow:
      let type = registers.portBase
      return resource.kind == .none ? 0 : 0x100 | UInt64(type.addressing.rawValue)
    case .memoryWindow: return resource.kind == .none ? 0 : 0x200
    case .prefetchableWindow:
      return resource.kind == .none ? 0 : resource.is64Bit ? 0x10_2201 : 0x2200
    case .bar0, .bar1, .bar2, .bar3, .bar4, .bar5: break
    }
    let wide: UInt64 = resource.is64Bit ? 0x10_0004 : 0
    switch resource.kind {
    case .none: return 0
    case .ports: return sizeAligned | 0x101
    case .memory: return sizeAligned | 0x200 | wide
    case .prefetchable: return sizeAligned | 0x2208 | wide
    }
  }

  /// The speed of a link by its number. Source: PCI Express Base Specification 6.0, section 7.5.3.18.
  static func speed(_ number: UInt8) -> StaticString {
    switch number {
    case 1: "2.5 GT/s PCIe"
    case 2: "5.0 GT/s PCIe"
    case 3: "8.0 GT/s PCIe"
    case 4: "16.0 GT/s PCIe"
    case 5: "32.0 GT/s PCIe"
    case 6: "64.0 GT/s PCIe"
    default: "Unknown"
    }
  }

  /// A power state, as Linux names it: one that has no others is unknown until somebody uses it.
  static func powerState(of function: PCIFunction, isUsed: Bool) -> StaticString {
    guard isUsed || function.capabilities.powerManagement != 0 else { return "unknown" }
    return switch function.powerState {
    case .d0: "D0"
    case .d1: "D1"
    case .d2: "D2"
    case .d3Hot: "D3hot"
    }
  }
}

extension TextBuffer {
  /// Writes `value` in hexadecimal with capital letters.
  mutating func write(upperHex value: UInt64, width: Int) {
    var shift = max(width - 1, value == 0 ? 0 : (63 - value.leadingZeroBitCount) / 4) * 4
    while shift >= 0 {
      let digit = UInt8(truncatingIfNeeded: value >> UInt64(shift) & 15)
      write(byte: digit < 10 ? 0x30 + digit : 0x37 + digit)
      shift -= 4
    }
  }
}
