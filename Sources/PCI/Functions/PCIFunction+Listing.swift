public import Foundations

extension PCIFunction {
  /// Writes a line as `lspci -nn` has it: address, class, names and numbers.
  ///
  /// `00:02.0 Ethernet controller [0200]: Intel Corporation 82574L Gigabit Network Connection [8086:10d3]`
  public func writeListing(to sink: inout some TextSink & ~Copyable) {
    write(address, to: &sink)
    sink.write(" ")
    if let name = PCIIdentifiers.subclassName(baseClass, subclass) ?? PCIIdentifiers.className(baseClass) {
      sink.write(name)
    } else {
      sink.write("Class")
    }
    sink.write(" [")
    sink.write(hex: UInt64(classCode >> 8), width: 4)
    sink.write("]: ")
    if let name = PCIIdentifiers.vendorName(vendor) { sink.write(name) } else { sink.write("Vendor") }
    sink.write(" ")
    if let name = PCIIdentifiers.deviceName(vendor: vendor, device: device) {
      sink.write(name)
    } else {
      sink.write("Device")
    }
    sink.write(" [")
    sink.write(hex: UInt64(vendor), width: 4)
    sink.write(":")
    sink.write(hex: UInt64(device), width: 4)
    sink.write("]")
    guard revision != 0 else { return }
    sink.write(" (rev ")
    sink.write(hex: UInt64(revision), width: 2)
    sink.write(")")
  }

  /// Writes a line for programs: what it is, where it leads, and its ranges.
  ///
  /// `00:02.0 8086:10d3 class=020000 bar0=memory:feb40000+20000 bar2=ports:none+20`; windows that are closed are left out.
  public func writeFacts(to sink: inout some TextSink & ~Copyable) {
    write(address, to: &sink)
    sink.write(" ")
    sink.write(hex: UInt64(vendor), width: 4)
    sink.write(":")
    sink.write(hex: UInt64(device), width: 4)
    sink.write(" class=")
    sink.write(hex: UInt64(classCode), width: 6)
    if isBridge {
      sink.write(" buses=")
      sink.write(hex: UInt64(secondaryBus), width: 2)
      sink.write("-")
      sink.write(hex: UInt64(subordinateBus), width: 2)
    }
    for slot in PCIResourceSlot.bar0.rawValue..<PCIResourceSlot.count {
      let resource = resources[slot]
      guard resource.kind != .none, resource.isAssigned || slot < PCIResourceSlot.portWindow.rawValue else { continue }
      sink.write(" ")
      sink.write(Self.name(ofSlot: slot))
      sink.write("=")
      sink.write(Self.name(of: resource.kind))
      sink.write(":")
      if resource.isAssigned { sink.write(hex: resource.base) } else { sink.write("none") }
      sink.write("+")
      sink.write(hex: resource.size)
    }
  }

  /// Writes where the function is, such as `00:1f.2`.
  public func writeAddress(to sink: inout some TextSink & ~Copyable) { write(address, to: &sink) }

  private func write(_ address: PCIAddress, to sink: inout some TextSink & ~Copyable) {
    if address.segment != 0 {
      sink.write(hex: UInt64(address.segment), width: 4)
      sink.write(":")
    }
    sink.write(hex: UInt64(address.bus), width: 2)
    sink.write(":")
    sink.write(hex: UInt64(address.device), width: 2)
    sink.write(".")
    sink.write(hex: UInt64(address.function))
  }

  private static func name(ofSlot slot: Int) -> String {
    switch slot {
    case 0: "bar0"
    case 1: "bar1"
    case 2: "bar2"
    case 3: "bar3"
    case 4: "bar4"
    case 5: "bar5"
    case 6: "rom"
    case 7: "port-window"
    case 8: "memory-window"
    default: "prefetchable-window"
    }
  }

  private static func name(of kind: PCIResource.Kind) -> String {
    switch kind {
    case .none: "none"
    case .ports: "ports"
    case .memory: "memory"
    case .prefetchable: "prefetchable"
    }
  }
}
