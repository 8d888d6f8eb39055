import Foundations

/// What a notification asks for that something came or is to go. Source: ACPI 6.5, section 5.6.6.
public enum ACPIHotPlugRequest: Equatable, Sendable {
  /// A PCI bus is to be looked at again: something on it, or behind its bridges, has come or gone.
  case scan(segment: UInt16, bus: UInt8)
  /// All functions of a PCI device are to be let go, and then `takeOut` is to be called for the name.
  case eject(AMLNode, segment: UInt16, bus: UInt8, device: UInt8)
  /// A device that is not on a PCI bus has come or gone: a processor, memory.
  case check(AMLNode)
  /// A device that is not on a PCI bus is to be let go.
  case release(AMLNode)
}

/// A place on a PCI bus that firmware lets devices come to and go from.
public struct ACPISlot: Equatable, Sendable {
  /// The name in the namespace.
  public let node: AMLNode
  /// The segment of the bus that it is on.
  public let segment: UInt16
  /// That bus.
  public let bus: UInt8
  /// Which device of the bus.
  public let device: UInt8
  /// Firmware's number of the slot, by `_SUN`; nil when it gives none.
  public let number: UInt64?
}

/// What became of a request, as firmware is told by `_OST`. Source: ACPI 6.5, section 6.3.5.
public enum ACPIOutcome: UInt64, Sendable {
  case success = 0
  case failure = 1
  /// The operating system does not know what to do with it.
  case notRecognized = 2
  /// Of an ejection: the device is in use.
  case inUse = 0x80
  /// Of an insertion: it is not supported.
  case notSupported = 0x82
  /// Of an ejection: it has begun.
  case inProgress = 0x83
}

/// Devices that come and go under firmware's control.
extension AMLInterpreter {
  /// Where a device is.
  private enum Place {
    /// On a PCI bus.
    case function(segment: UInt16, bus: UInt8, device: UInt8)
    /// The root of the bus.
    case root(segment: UInt16, bus: UInt8)
    /// Behind a bridge that is not there, or has no bus; that one is on this bus.
    case behindNothing(segment: UInt16, bus: UInt8)
    /// Not on PCI.
    case elsewhere
  }

  /// What a notification asks for.
  ///
  /// A bus check of a bridge is for the bus behind it, and everything else for the bus that the device is on.
  ///
  /// - Returns: nil for a notification of another kind.
  public func hotPlugRequest(_ notification: ACPINotification) throws(AMLError) -> ACPIHotPlugRequest? {
    let (node, value) = (notification.node, notification.value)
    let isCheck = value == ACPINotification.busCheck || value == ACPINotification.deviceCheck
    guard isCheck || value == ACPINotification.ejectRequest else { return nil }
    switch try place(of: node) {
    case .elsewhere: return isCheck ? .check(node) : .release(node)
    case .root(let segment, let bus): return isCheck ? .scan(segment: segment, bus: bus) : .release(node)
    case .behindNothing(let segment, let bus): return .scan(segment: segment, bus: bus)
    case .function(let segment, let bus, let device):
      guard isCheck else { return .eject(node, segment: segment, bus: bus, device: device) }
      if value == ACPINotification.busCheck, let behind = try busBehind(node) {
        return .scan(segment: segment, bus: behind)
      }
      return .scan(segment: segment, bus: bus)
    }
  }

  /// The slot that `device` stands for; nil when it is none: firmware cannot take it out, or it is not on a PCI bus that is there.
  ///
  /// Source: ACPI 6.5, sections 6.1.11, `_SUN`, and 6.3.3, `_EJx`.
  public func slot(of device: AMLNode) throws(AMLError) -> ACPISlot? {
    guard child(of: device, named: "_EJ0") != nil,
      case .function(let segment, let bus, let number) = try place(of: device)
    else { return nil }
    return ACPISlot(
      node: device, segment: segment, bus: bus, device: number, number: try integer(named: "_SUN", of: device))
  }

  /// Lets firmware take a device out that nobody uses any more, by `_EJ0`.
  ///
  /// - Returns: Whether it is gone, as far as firmware can tell.
  /// - Throws: `.notFound` when it cannot be taken out.
  public func takeOut(_ device: AMLNode) throws(AMLError) -> Bool {
    try eject(device)
    guard child(of: device, named: "_STA") != nil else { return true }
    return try !status(of: device).isPresent
  }

  /// Tells firmware what became of a notification, by `_OST`; a device without one is not told.
  public func report(_ outcome: ACPIOutcome, of notification: ACPINotification) throws(AMLError) {
    guard let method = child(of: notification.node, named: "_OST") else { return }
    var arguments = AMLArguments(self)
    try arguments.append(notification.value)
    try arguments.append(outcome.rawValue)
    let nothing = InlineArray<0, UInt8>(repeating: 0)
    try arguments.append(buffer: nothing.span)
    _ = try evaluate(method, arguments)
  }

  /// Where `node` is, by the `_ADR` of itself and of the bridges above it, the `_BBN` and `_SEG` of its root.
  ///
  /// Unlike `pciFunction`, which serves regions, it does not take bridges for granted: what was behind one may be told of after
  /// the bridge has gone.
  private func place(of node: AMLNode) throws(AMLError) -> Place {
    var path = InlineArray<16, UInt64>(repeating: 0)
    var depth = 0
    var device = node
    while try !isPCIRoot(device) {
      if case .device = try namespace.record(device).content {
        if let address = try integer(named: "_ADR", of: device) {
          guard depth < 16 else { throw .depthLimit }
          path[depth] = address
          depth += 1
        } else if device == node {
          return .elsewhere
        }
      }
      guard let parent = namespace.parent(of: device) else { return .elsewhere }
      device = parent
    }
    let segment = UInt16(truncatingIfNeeded: try integer(named: "_SEG", of: device) ?? 0)
    var bus = UInt8(truncatingIfNeeded: try integer(named: "_BBN", of: device) ?? 0)
    guard depth > 0 else { return node == device ? .root(segment: segment, bus: bus) : .elsewhere }
    while depth > 1 {
      depth -= 1
      guard let behind = try busBehind(Self.address(segment, bus, path[depth])) else {
        return .behindNothing(segment: segment, bus: bus)
      }
      bus = behind
    }
    return .function(segment: segment, bus: bus, device: UInt8(truncatingIfNeeded: path[0] >> 16 & 0x1f))
  }

  /// The bus behind a function; nil when it is no bridge, has none, or is not there.
  private func busBehind(_ function: PCIFunctionAddress) throws(AMLError) -> UInt8? {
    // Header types 1 and 2 are bridges; their byte 0x19 is the bus behind them. Source: PCI 3.0, section 3.2.
    let header = try host.readConfiguration(function, at: 0xe, width: 1) & 0x7f
    guard header == 1 || header == 2 else { return nil }
    let bus = UInt8(truncatingIfNeeded: try host.readConfiguration(function, at: 0x19, width: 1))
    return bus > function.bus ? bus : nil
  }

  private func busBehind(_ node: AMLNode) throws(AMLError) -> UInt8? { try busBehind(try pciFunction(of: node)) }

  private static func address(_ segment: UInt16, _ bus: UInt8, _ address: UInt64) -> PCIFunctionAddress {
    // A function number of 0xffff stands for all functions of the device; its bridge is the first.
    let function = address & 0xffff == 0xffff ? 0 : UInt8(truncatingIfNeeded: address & 7)
    return PCIFunctionAddress(
      segment: segment, bus: bus, device: UInt8(truncatingIfNeeded: address >> 16 & 0x1f), function: function)
  }
}
