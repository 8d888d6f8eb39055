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
    guard let interrupts = try device?.takeInterrupts(), interrupts.factorialIsDone, let request = current,
      let result = device?.takeFactorial()
    else { return }
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

  /// Has the device read the start of the kernel's image, which nobody shares with it: nothing is changed where no IOMMU refuses that.
  public override func inject(_ fault: DriverFault, _ context: DriverContext) -> Bool {
    guard fault == .strayAccess else { return false }
    do throws(Errno) {
      try device?.beginCopy(fromMemory: Self.strayAddress, count: 8)
      return true
    } catch {
      return false
    }
  }

  private func begin(_ request: FactorialRequest, _ context: DriverContext) throws(Errno) {
    current = request
    try device?.beginFactorial(of: request.number)
    context.arm(after: Self.patience)
  }
}
