from an_sdk_that_nobody_has import Client

print(Client)
