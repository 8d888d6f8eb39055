public import ACPI
public import DriverKit
import Foundations
import Machine

/// What the firmware's namespace says of its devices.
extension AMLInterpreter {
  /// Describes `device`.
  ///
  /// A resource or an identifier that makes no sense is left out: a device is not lost for what its driver may not need.
  ///
  /// - Returns: nil when it does not say what it is, or in more than eight characters.
  /// - Throws: `.outOfMemory`.
  /// - Context: as for the interpreter.
  public func describe(_ device: AMLNode) throws(AMLError) -> FirmwareDevice? {
    guard let identifier = try tolerating({ () throws(AMLError) in try self.hardwareIdentifier(of: device) }),
      let hardware = HardwareIdentifier(identifier)
    else { return nil }
    let compatible = try compatibleIdentifiers(of: device)
    let status = try tolerating { () throws(AMLError) in try self.status(of: device) }
    var path = Message()
    writePath(of: device, to: &path)
    return FirmwareDevice(
      hardware, compatible: compatible.span.extracting(0..<compatible.count), path: path,
      uniqueIdentifier: try uniqueText(of: device), status: status?.rawValue ?? 0, resources: try resources(of: device))
  }

  /// Runs `body`; what goes wrong with it is as if there were nothing.
  private func tolerating<Result: ~Copyable>(_ body: () throws(AMLError) -> Result?) throws(AMLError) -> Result? {
    do throws(AMLError) { return try body() } catch {
      if error == .outOfMemory { throw error }
      return nil
    }
  }

  private struct Compatible {
    var list = InlineArray<7, HardwareIdentifier>(repeating: HardwareIdentifier(code: 0))
    var count = 0
    var span: Span<HardwareIdentifier> { @_lifetime(borrow self) get { list.span } }

    mutating func append(_ identifier: ACPIIdentifier?) {
      guard count < FirmwareDevice.compatibleLimit, let identifier, let hardware = HardwareIdentifier(identifier) else {
        return
      }
      list[count] = hardware
      count += 1
    }
  }

  private func compatibleIdentifiers(of device: AMLNode) throws(AMLError) -> Compatible {
    var found = Compatible()
    guard let object = try tolerating({ () throws(AMLError) in try self.evaluate("_CID", of: device) }) else {
      return found
    }
    guard object.isPackage else {
      found.append(ACPIIdentifier(object))
      return found
    }
    for index in 0..<object.count {
      do throws(AMLError) {
        let element = try object.element(index)
        found.append(ACPIIdentifier(element))
      } catch {
        if error == .outOfMemory { throw error }
      }
    }
    return found
  }

  /// `_UID`: a number or a text.
  private func uniqueText(of device: AMLNode) throws(AMLError) -> Message? {
    guard let object = try tolerating({ () throws(AMLError) in try self.evaluate("_UID", of: device) }) else {
      return nil
    }
    var text = Message()
    if let number = object.exactInteger {
      text.write(decimal: number)
      return text
    }
    guard object.isString else { return nil }
    for index in 0..<min(object.count, 64) {
      let byte = object.byte(index)
      text.write(byte: (0x21...0x7e).contains(byte) ? byte : 0x3f)
    }
    return text
  }

  private func resources(of device: AMLNode) throws(AMLError) -> PlatformResources {
    var resources = PlatformResources()
    do throws(AMLError) {
      try forEachResource(of: device) { resource throws(AMLError) in resources.append(resource) }
    } catch {
      // What came before the mistake counts.
      if error == .outOfMemory { throw error }
    }
    return resources
  }
}

extension HardwareIdentifier {
  /// The identifier that AML gave; nil when it is empty or longer than eight characters.
  public init?(_ identifier: ACPIIdentifier) {
    guard (1...8).contains(identifier.count) else { return nil }
    var code: UInt64 = 0
    for index in 0..<identifier.count { code |= UInt64(identifier[index]) << UInt64(index * 8) }
    self.init(code: code)
  }
}

extension PlatformResources {
  /// Adds a resource, as far as devices of the platform use its kind.
  mutating func append(_ resource: ACPIResource) {
    switch resource {
    case .ports(let range, _):
      if let ports = Ports(first: range.minimum, count: range.length) { append(ports) }
    case .memory(let range, _): append(first: range.minimum, count: range.length)
    case .window(let window): append(window)
    case .interrupts(let interrupts):
      for index in 0..<interrupts.count {
        append(
          Interrupt(
            number: interrupts[index], isISA: !interrupts.isExtended, isLevelTriggered: !interrupts.isEdgeTriggered,
            isActiveLow: interrupts.isActiveLow))
      }
    case .dma, .fixedDMA, .register, .startAlternatives, .endAlternatives, .other: break
    }
  }

  private mutating func append(_ window: ACPIWindow) {
    // What a bridge passes on is others'.
    guard window.isConsumer else { return }
    let (first, isWrong) = window.minimum.addingReportingOverflow(window.translation)
    guard !isWrong else { return }
    switch window.kind {
    case .ports: if let ports = Ports(first: first, count: window.length) { append(ports) }
    case .memory: append(first: first, count: window.length)
    case .buses, .other: break
    }
  }

  private mutating func append(first: UInt64, count: UInt64) {
    let (end, isWrong) = first.addingReportingOverflow(count)
    if !isWrong, first < end { append(memory: first..<end) }
  }
}
