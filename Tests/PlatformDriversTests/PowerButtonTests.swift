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
    let device = DeviceNode("LNXPWRBN:00", .acpi, .platform("LNXPWRBN"))
    let type = PowerButtonDriverType(.fixed, output)
    #expect(type.matches(device))
    #expect(!PowerButtonDriverType(.controlMethod, output).matches(device))
    let context = makeContext(device)
    let driver = try type.makeDriver(for: device)
    try driver.start(context)
    return (driver, context)
  }

  @Test("A press is a key down and up, and only a program that has the button keeps the machine on")
  func press() throws {
    let output = Output()
    let (driver, context) = try start(output)
    #expect(output.buttons.count == 1 && output.buttons[0].kind == .fixed)
    let link = ServingLink(driver, context)
    #expect(!PowerButtons.press(link))
    #expect(output.events == [true, false])
    output.isGrabbed = true
    #expect(PowerButtons.press(link))
    #expect(output.events == [true, false, true, false])
    // The next driver goes on with the input device of the one before.
    context.resources.keepPublications()
    let next = try PowerButtonDriverType(.fixed, output).makeDriver(for: context.device)
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
    #expect(!PowerButtons.press(PowerButton.Kind.fixed))
    #expect(!PowerButtons.press(TestLink { _ in .failure(.EIO) }))
    let output = Output()
    output.error = .ENOMEM
    #expect(throws: Errno.ENOMEM) { try start(output) }
  }
}
