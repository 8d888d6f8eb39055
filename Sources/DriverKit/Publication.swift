/// Something that a driver has given the rest of the kernel: an input device, a source of random numbers, a file.
///
/// It is on record with the device, so it is withdrawn when the driver goes, whether the driver can still do that or not. A subclass
/// belongs to the kernel: it reaches the driver only by requests.
open class Publication {
  /// Creates a publication.
  public init() {}

  /// Takes it back from whoever uses it, who gets errors from now on; also when nobody could use it yet.
  ///
  /// - Context: the device's thread.
  open func withdraw() {}

  /// Whether it stays when its driver has failed, until the next driver works: then it goes on or is withdrawn.
  open var outlivesDriver: Bool { true }

  /// Whether it may stay in use in place of `successor`, which a new driver of the same device publishes. One that is not in use,
  /// because showing it has failed, may not.
  open func continues(as successor: Publication) -> Bool { false }
}
