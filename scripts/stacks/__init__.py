"""The stacks: packaged by Chalice, deployed by CloudFormation, on AWS and on a local MiniStack alike."""
