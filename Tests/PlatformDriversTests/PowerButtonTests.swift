import Foundations
import Testing

@testable import DeviceFiles
@testable import DriverKit
@testable import PlatformDrivers

@Suite("The power button", .serialized)
struct PowerButtonTests {
  private final class Output: PowerButtonOutput {
    var events: [Bool] = []
    var buttons: [PowerButton] = []
    var isGrabbed = false
    var error: Errno?
    override func add(_ button: PowerButton) throws(Errno) {
      if let error { throw error }
      buttons.append(button)
    }
    override func remove(_ button: PowerButton) { buttons.removeAll { $0 === button } }
    override func report(_ button: PowerButton, isDown: Bool) { events.append(isDown) }
    override func isTaken(_ button: PowerButton) -> Bool { isGrabbed }
  }

  /// Has the driver serve what it is given.
  private final class ServingLink: DriverLink {
    let driver: Driver
    let context: DriverContext
    init(_ driver: Driver, _ context: DriverContext) {
      (self.driver, self.context) = (driver, context)
      super.init(context.device)
    }
    override func submit(_ request: DriverRequest) throws(Errno) { try driver.serve(request, context) }
  }

  private func start(_ output: Output) throws -> (Driver, DriverContext) {
    let device = firmwareDevice(.acpi, "LNXPWRBN", name: "LNXPWRBN:00")
    let type = PowerButtonDriverType(output)
    #expect(type.matches(device))
    let context = makeContext(device)
    let driver = try type.makeDriver(for: device)
    try driver.start(context)
    return (driver, context)
  }

  @Test("A press is a key down and up, and only a program that has the button keeps the machine on")
  func press() throws {
    let output = Output()
    let (driver, context) = try start(output)
    #expect(output.buttons.count == 1 && output.buttons[0].kind == .fixedPower)
    let link = ServingLink(driver, context)
    #expect(!PowerButtons.press(link))
    #expect(output.events == [true, false])
    output.isGrabbed = true
    #expect(PowerButtons.press(link))
    #expect(output.events == [true, false, true, false])
    // The next driver goes on with the input device of the one before.
    context.resources.keepPublications()
    let next = try PowerButtonDriverType(output).makeDriver(for: context.device)
    try next.start(context)
    #expect(output.buttons.count == 1)
    #expect(PowerButtons.press(ServingLink(next, context)))
    context.resources.withdrawInherited()
    #expect(output.buttons.count == 1)
    context.resources.withdrawPublications()
    #expect(output.buttons.isEmpty)
  }

  @Test("Without a driver, and with one that fails, the kernel is to do what it does")
  func failure() throws {
    #expect(!PowerButtons.press(makeDevice()))
    #expect(!PowerButtons.press(PowerButton.Kind.fixedPower))
    #expect(!PowerButtons.press(TestLink { _ in .failure(.EIO) }))
    let output = Output()
    output.error = .ENOMEM
    #expect(throws: Errno.ENOMEM) { try start(output) }
  }

  @Test("A button that could not be shown is shown by the next driver")
  func unshown() throws {
    let output = Output()
    let type = PowerButtonDriverType(output)
    let context = makeContext(firmwareDevice(.acpi, "LNXPWRBN", name: "LNXPWRBN:00"))
    output.error = .ENOMEM
    let first = try type.makeDriver(for: context.device)
    #expect(throws: Errno.ENOMEM) { try first.start(context) }
    context.resources.keepPublications()
    output.error = nil
    let next = try type.makeDriver(for: context.device)
    try next.start(context)
    context.resources.withdrawInherited()
    #expect(output.buttons.count == 1)
    output.isGrabbed = true
    #expect(PowerButtons.press(ServingLink(next, context)))
  }

  @Test(
    "Each way to have a button is a kind, with the name, path, product and key that Linux gives it",
    arguments: [
      ("LNXPWRBN", PowerButton.Kind.fixedPower, "Power Button", 1, 116), ("PNP0C0C", .power, "Power Button", 1, 116),
      ("LNXSLPBN", .fixedSleep, "Sleep Button", 3, 142), ("PNP0C0E", .sleep, "Sleep Button", 3, 142),
    ] as [(String, PowerButton.Kind, String, UInt16, UInt16)])
  func kinds(identifier: String, kind: PowerButton.Kind, name: String, product: UInt16, key: UInt16) throws {
    let device = firmwareDevice(.acpi, identifier)
    #expect(PowerButton.Kind(device) == kind && kind.name.description == name)
    #expect(kind.physicalPath.description == "\(identifier)/button/input0")
    #expect(kind.product == product && kind.key == key && kind.isForPower == (key == 116))
    #expect(PowerButtonDriverType(Output()).matches(device))
  }

  @Test("What is no button is none, by whatever name, and two buttons of one kind are two")
  func others() throws {
    let type = PowerButtonDriverType(Output())
    for identifier in ["PNP0C0D", "PNP0B00", "PNP0C0", ""] {
      #expect(!type.matches(firmwareDevice(.acpi, identifier)), "\(identifier)")
    }
    #expect(!type.matches(makeDevice("LNXPWRBN", "LNXPWRBN")))
    #expect(throws: Errno.ENODEV) { try type.makeDriver(for: firmwareDevice(.acpi, "PNP0B00")) }
    let (first, second) = (firmwareDevice(.acpi, "PNP0C0C"), firmwareDevice(.acpi, "PNP0C0C"))
    let button = PowerButton(.power, first, Output())
    #expect(!button.continues(as: PowerButton(.power, first, Output())))
    try button.show()
    #expect(button.continues(as: PowerButton(.power, first, Output())))
    #expect(!button.continues(as: PowerButton(.power, second, Output())))
    #expect(!button.continues(as: PowerButton(.sleep, first, Output())))
  }
}
