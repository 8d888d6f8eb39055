import Foundations
import Logging
import Machine
import PCI

/// What a device's thread does when it is told to.
extension DriverHost {
  func carryOut(_ operation: HostOrder.Operation) -> DriverRequest.Outcome {
    switch operation {
    case .remove(let isGone):
      end(isGone: isGone)
      return .success(0)
    case .suspend:
      guard device.state == .running else { return .failure(.EINVAL) }
      return change(.suspend, to: .suspended)
    case .resume:
      guard device.state == .suspended else { return .failure(.EINVAL) }
      return change(.resume, to: .running)
    case .shutDown: return shutDown()
    case .reset:
      recover(.order)
      return !isOver && device.state == .running ? .success(0) : .failure(.EIO)
    case .inject(let fault):
      guard device.state == .running else { return .failure(.EINVAL) }
      return inject(fault)
    }
  }

  private func inject(_ fault: DriverFault) -> DriverRequest.Outcome {
    let outcome = call(.inject(fault))
    // A driver that does not know how to have such a fault is no worse for being asked.
    if fault.isOfDevice, case .failed(let error) = outcome { return .failure(error) }
    if let failure = DriverFailure(outcome) { recover(failure) }
    return .success(0)
  }

  private func change(_ operation: DriverCall.Operation, to state: DeviceNode.State) -> DriverRequest.Outcome {
    let outcome = call(operation)
    guard let failure = DriverFailure(outcome) else {
      context.finishInterrupts()
      device.setState(state)
      return .success(0)
    }
    guard case .error(let error) = failure else {
      recover(failure)
      return .failure(.EIO)
    }
    // One that cannot go on is not left where it is.
    if operation.isResume { recover(.resumption(error)) }
    return .failure(error)
  }

  /// Has the device reach nothing any more. What was published stays; nobody comes for it.
  private func shutDown() -> DriverRequest.Outcome {
    guard driver != nil, device.state == .running || device.state == .suspended else { return .success(0) }
    signals.setTimer(nil)
    let failure = DriverFailure(call(.shutDown))
    device.attachment?.quiesce(isGone: false)
    if let function = device.function, !function.isBridge { function.setMaster(false) }
    device.setState(.suspended)
    guard let failure else { return .success(0) }
    DriverLog.add(.error, device, "driver \(type.name.description) failed at its end: \(failure.description)")
    return .failure(.EIO)
  }
}
