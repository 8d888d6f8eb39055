import DeviceFiles
public import DriverKit
public import Foundations
import Logging
import Machine
import PCI
public import Terminals

/// The driver of 16550 serial ports behind PCI: one port, two or four, as QEMU's `pci-serial`, `pci-serial-2x` and `-4x` have.
///
/// Source: PCI Code and ID Assignment Specification 1.11, class 070002; QEMU, docs/specs/pci-serial.rst.
public final class SerialCardDriverType: DriverType {
  private let jobControl: TerminalJobControl

  /// Creates the type, whose terminals ask `jobControl` about processes.
  public init(_ jobControl: TerminalJobControl) {
    self.jobControl = jobControl
    super.init("serial", .pci)
  }

  public override func matches(_ device: DeviceNode) -> Bool { device.function?.driver == .serial }

  public override func makeDriver(for device: DeviceNode) throws(Errno) -> Driver { SerialCardDriver(jobControl) }
}

/// A card with serial ports.
final class SerialCardDriver: Driver {
  /// How often a card that does not interrupt is asked, in nanoseconds: as the machine's own port.
  private static let pollInterval: UInt64 = 10_000_000
  /// More ports than any card of the class has in one range.
  private static let portLimit = 8

  private let jobControl: TerminalJobControl
  private var card: SerialCard<PortSpace>?
  private var isPolled = false

  init(_ jobControl: TerminalJobControl) {
    self.jobControl = jobControl
    super.init()
  }

  override func start(_ context: DriverContext) throws(Errno) {
    guard let range = context.device.function?[.bar0].range else { throw .ENODEV }
    let length = Int(truncatingIfNeeded: range.upperBound - range.lowerBound)
    try context.enable(isMaster: false)
    // The card's ports have terminals, which are the kernel's.
    let card = try context.outside { () throws(Errno) in
      try findCard(context, ports: min(length / SerialCard<PortSpace>.portLength, Self.portLimit))
    }
    self.card = card
    do throws(Errno) {
      _ = try context.connectInterrupts(limit: 1)
      Containment.outside { card.startInterrupts() }
    } catch {
      context.log(.warning, "no interrupt, and is asked instead: error \(error.rawValue)")
      isPolled = true
      context.arm(after: Self.pollInterval)
    }
  }

  private func findCard(_ context: DriverContext, ports count: Int) throws(Errno) -> SerialCard<PortSpace> {
    // That of the driver before, with its terminals, if there was one.
    let keeper = try SerialCardKeeper.publish(through: context)
    if let card = keeper.card {
      try Containment.outside { () throws(Errno) in try card.restart() }
      try publishFiles(card, context)
      return card
    }
    let card = SerialCard(SharedRegisters(try context.claimPorts(.bar0)))
    try card.findPorts(count, DriverLink(context.device), jobControl)
    keeper.card = card
    try publishFiles(card, context)
    return card
  }

  private func publishFiles(_ card: SerialCard<PortSpace>, _ context: DriverContext) throws(Errno) {
    for index in 0..<card.count {
      guard let server = card.server(index) else { continue }
      let publication = DeviceFilePublication(server, ordinal: index)
      try publication.add(Self.template)
      _ = try publication.publish(through: context)
    }
    context.log(.info, "\(card.count) serial ports")
  }

  /// Source: Linux devices.txt, 4 char: 64 is ttyS0; the first four are the PC's own.
  static var template: DeviceFileTemplate {
    var template = DeviceFileTemplate("ttyS", .counted(from: 4), .fixed(4), driver: "ttyS", className: "tty")
    template.firstMinor = 64
    template.permissions = 0o600
    return template
  }

  override func interrupt(_ number: Int, _ context: DriverContext) throws(Errno) {
    guard let card else { return }
    Containment.outside { card.serve() }
  }

  override func timer(_ context: DriverContext) throws(Errno) {
    guard let card, isPolled else { return }
    Containment.outside { card.poll() }
    context.arm(after: Self.pollInterval)
  }

  override func suspend(_ context: DriverContext) throws(Errno) {
    guard let card else { return }
    Containment.outside { card.stopInterrupts() }
    context.arm(after: nil)
  }

  override func resume(_ context: DriverContext) throws(Errno) {
    guard let card else { return }
    try Containment.outside { () throws(Errno) in try card.restart() }
    if isPolled {
      context.arm(after: Self.pollInterval)
    } else {
      Containment.outside { card.startInterrupts() }
    }
  }

  override func reset(_ context: DriverContext) {
    guard let card else { return }
    Containment.outside { card.stopInterrupts() }
  }
}

/// What a card's next driver finds of the one before.
final class SerialCardKeeper: Publication {
  var card: SerialCard<PortSpace>?

  private override init() { super.init() }

  static func publish(through context: DriverContext) throws(Errno) -> SerialCardKeeper {
    let new = SerialCardKeeper()
    return try context.publish { () throws(Errno) in new } as? SerialCardKeeper ?? new
  }

  override func withdraw() {
    card?.revoke()
    card = nil
  }

  override func continues(as successor: Publication) -> Bool { successor is SerialCardKeeper }
}
