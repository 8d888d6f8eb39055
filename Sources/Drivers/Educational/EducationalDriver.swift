public import DriverKit
public import Foundations
import Logging
import Machine
import PCI

/// Asks for a factorial; the answer is cut to 32 bits.
public final class FactorialRequest: DriverRequest {
  let number: UInt32

  /// Asks for the factorial of `number`.
  public init(of number: UInt32) {
    self.number = number
    super.init(isRepeatable: true)
  }
}

/// The driver of QEMU's `edu`.
public final class EducationalDriver: Driver {
  /// How long a factorial may take, in nanoseconds.
  private static let patience: UInt64 = 1_000_000_000

  /// Where the image is loaded; the device uses 28 bits of an address.
  private static let strayAddress: UInt64 = 1 << 20

  /// How long a storm takes, in nanoseconds; a call that takes two seconds is ended.
  private static let stormLength: UInt64 = 1_500_000_000

  private var device: EducationalDevice<DeviceSpace>?
  /// What is being computed.
  private var current: FactorialRequest?
  /// What is to be computed after that.
  private var waiting = GrowableArray<FactorialRequest>()

  public override func start(_ context: DriverContext) throws(Errno) {
    try context.enable(isMaster: true)
    device = try EducationalDevice(try context.mapRegisters(.bar0))
    _ = try context.connectInterrupts(limit: 1)
    device?.quiet()
    try EducationalServer.publish(through: context)
  }

  public override func serve(_ request: DriverRequest, _ context: DriverContext) throws(Errno) {
    guard let request = request as? FactorialRequest else { return request.complete(.failure(.EINVAL)) }
    guard current == nil else { return try waiting.append(request) }
    try begin(request, context)
  }

  public override func interrupt(_ number: Int, _ context: DriverContext) throws(Errno) {
    guard let interrupts = try device?.takeInterrupts() else { return }
    guard interrupts.isAny else { return context.noteIdleInterrupt() }
    guard interrupts.factorialIsDone, let request = current, let result = device?.takeFactorial() else { return }
    context.arm(after: nil)
    current = nil
    request.complete(.success(Int(result)))
    if waiting.count > 0 { try begin(waiting.remove(at: 0), context) }
  }

  public override func timer(_ context: DriverContext) throws(Errno) {
    // The device has not answered in time: it is reset, and the request done again.
    if current != nil { throw .ETIMEDOUT }
  }

  public override func reset(_ context: DriverContext) { device?.quiet() }

  public override func health(_ context: DriverContext) -> DriverHealth {
    device?.isAlive ?? false ? .good : .failed
  }

  public override func inject(_ fault: DriverFault, _ context: DriverContext) -> Bool {
    switch fault {
    case .strayAccess: strayAway()
    case .storm: storm(context)
    default: false
    }
  }

  /// Has the device read the start of the kernel's image, which nobody shares with it: nothing is changed where no IOMMU refuses that.
  private func strayAway() -> Bool {
    do throws(Errno) {
      try device?.beginCopy(fromMemory: Self.strayAddress, count: 8)
      return true
    } catch {
      return false
    }
  }

  /// Has the device interrupt as fast as it can, for as long as a call may be on a CPU: nobody serves that meanwhile.
  private func storm(_ context: DriverContext) -> Bool {
    let begin = context.nanoseconds
    while context.nanoseconds &- begin < Self.stormLength { device?.raiseInterrupt() }
    return true
  }

  private func begin(_ request: FactorialRequest, _ context: DriverContext) throws(Errno) {
    current = request
    try device?.beginFactorial(of: request.number)
    context.arm(after: Self.patience)
  }
}
